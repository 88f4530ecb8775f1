import type { AddressBook, EniSnapshot } from '@vpc-cni/ipam';
import {
  type Plan,
  type PlanLimits,
  type PoolEni,
  type PoolState,
  plan,
  type WarmTargets,
} from '@vpc-cni/warm-pool';
import { createActionLedger, type StartedAction } from './action-ledger.ts';
import { applyAction } from './apply-action.ts';
import type { PoolEvent } from './events.ts';
import {
  createGrowthTroubles,
  type GrowthTroubles,
  type NewEniPlacement,
} from './growth-troubles.ts';
import { createIntentKeeper, type IntentKeeper } from './intent-keeper.ts';
import { createObserver, type Observer } from './observer.ts';
import type { CheckpointPort, Clock, EniPort, EniTruth, HostPort, MetadataPort } from './ports.ts';
import { type Limit, limitIn, type Outlook, type PoolRefusal, refusalFor } from './refusal.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

export interface PoolControllerOptions {
  readonly book: AddressBook;
  readonly metadata: MetadataPort;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly checkpoint: CheckpointPort;
  readonly clock: Clock;
  readonly targets: WarmTargets;
  /** What the instance can carry, as far as is known now. */
  readonly limits: () => PlanLimits;
  readonly maxPods: number;
  /** Default `primary-subnet`. */
  readonly newEnisGoTo?: NewEniPlacement;
  /** Default true. `DISABLE_NETWORK_RESOURCE_PROVISIONING`: false; somebody else gives ENIs and addresses. */
  readonly provisions?: boolean;
  /** What is known of the node's future; asked at every look. Default: nothing special. */
  readonly outlook?: () => NodeOutlook;
  /** Longest time between two looks at the pool, ms. Default 5,000. */
  readonly intervalMs?: number;
  /** Time between two comparisons with instance metadata, ms. Default 60,000. */
  readonly reconcileIntervalMs?: number;
  /** Time between two comparisons of everything with EC2, ms. Default 4 hours. */
  readonly truthIntervalMs?: number;
  /** Makes ids that no other process ever makes. Default: random UUIDs. */
  readonly newId?: () => string;
  readonly onEvent?: (event: PoolEvent) => void;
  /** Ends whatever waits, as {@link PoolController.stop} does, also before the start. Default: never. */
  readonly signal?: AbortSignal;
}

/** What becomes of the node. */
export interface NodeOutlook {
  /** The node is not cordoned. */
  readonly isSchedulable: boolean;
  /** The instance is about to go, and its ENIs with it: nothing is given back. */
  readonly isLeaving: boolean;
  /** How many pods the node takes, once it is known. Default: {@link PoolControllerOptions.maxPods}. */
  readonly maxPods?: number | undefined;
}

export interface PoolController {
  /** ADDs that found the pool empty. */
  readonly waitingLine: WaitingLine;
  /**
   * Takes over what is attached to the instance; the address book knows every address afterwards.
   *
   * @param remembered ENIs as an earlier process knew them. With them, the node can serve its pods while
   *   EC2 does not answer: by what both they and metadata show.
   */
  adopt(remembered?: readonly EniTruth[]): Promise<void>;
  /** Keeps the pool on target until {@link stop}; call after {@link adopt}. */
  start(): void;
  /** Looks at the pool now: something changed. */
  kick(): void;
  /**
   * Why the node can serve nobody: it has no address at all, and none yet to come. `undefined` once it
   * has one. A full pool is no refusal: pods that run would pay for it if the node were not ready.
   */
  refusal(): PoolRefusal | undefined;
  /** ENIs the pool may have: the instance type's limit and `MAX_ENI`, less ENIs that are not ours. */
  readonly maxEnis: number;
  /** The last plan, for explanations. */
  readonly lastPlan: Plan | undefined;
  /** Starts nothing new, aborts what is under way, and waits for it. */
  stop(): Promise<void>;
}

/** Many ADDs and DELs at once are answered by one look at the pool, unless somebody waits. */
const SETTLE_MS = 50;
/** After giving something back failed, the next attempt waits. */
const SHRINK_RETRY_MS = 30_000;

const PROVISIONING_DISABLED: Limit = {
  reason: 'provisioning-disabled',
  message:
    'DISABLE_NETWORK_RESOURCE_PROVISIONING (or ENABLE_IMDS_ONLY_MODE) is set: ENIs and addresses come from elsewhere',
};

/**
 * The control loop of a node's warm pool: observe, plan, apply, record; level-triggered.
 *
 * Never two actions at once on one ENI; independent ENIs in parallel.
 */
export const createPoolController = (options: PoolControllerOptions): PoolController =>
  new PoolLoop(options);

const GROWTH: ReadonlySet<StartedAction['kind']> = new Set([
  'create-eni',
  'create-eni-with-prefixes',
  'assign-addresses',
  'assign-prefixes',
]);

const grows = ({ kind }: StartedAction) => GROWTH.has(kind);

class PoolLoop implements PoolController {
  readonly waitingLine: WaitingLine = createWaitingLine();
  readonly #options: Required<Omit<PoolControllerOptions, 'signal'>>;
  readonly #ledger = createActionLedger();
  readonly #intents: IntentKeeper;
  readonly #troubles: GrowthTroubles;
  readonly #observer: Observer;
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  /** Everything that {@link stop} waits for. */
  readonly #underWay = new Set<Promise<void>>();
  #lastPlan: Plan | undefined;
  /** At the last look: more than then means that pods arrive. */
  #reservedCount: number | undefined;
  #lastReservedAtMs: number | undefined;
  #shrinkBlockedUntilMs = 0;
  #isObserving = false;
  #wakeUp = () => {};

  constructor(options: PoolControllerOptions) {
    this.#options = {
      intervalMs: 5_000,
      reconcileIntervalMs: 60_000,
      truthIntervalMs: 4 * 3_600_000,
      newEnisGoTo: 'primary-subnet',
      provisions: true,
      outlook: () => ({ isSchedulable: true, isLeaving: false }),
      newId: () => crypto.randomUUID(),
      onEvent: () => {},
      ...options,
    };
    this.#intents = createIntentKeeper(this.#options);
    this.#troubles = createGrowthTroubles(this.#options.newEnisGoTo);
    const signals = options.signal === undefined ? [] : [options.signal];
    this.#signal = AbortSignal.any([this.#stopping.signal, ...signals]);
    this.#observer = createObserver({
      ...this.#options,
      signal: this.#signal,
      ledger: this.#ledger,
      intents: this.#intents,
      servesFromPrimary: options.targets.customNetworking !== true,
    });
  }

  get lastPlan(): Plan | undefined {
    return this.#lastPlan;
  }

  get maxEnis(): number {
    const { maxEnis } = this.#options.limits();
    const cap = Math.min(maxEnis, this.#options.targets.maxEnis ?? maxEnis);
    return Math.max(0, cap - this.#observer.otherSlots.length);
  }

  refusal(): PoolRefusal | undefined {
    const outlook = this.#outlook();
    const { totalCount, strandedCount } = outlook.statistics;
    return totalCount + strandedCount > 0 ? undefined : refusalFor(outlook, outlook.nowMs);
  }

  adopt(remembered?: readonly EniTruth[]): Promise<void> {
    return this.#observer.observe(remembered);
  }

  start(): void {
    this.#intents.inherit();
    this.#observer.observeBy(this.#intents.nextDueMs ?? Number.POSITIVE_INFINITY);
    this.#inBackground(this.#loop());
  }

  kick(): void {
    this.#wakeUp();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.kick();
    await Promise.all(this.#underWay);
  }

  async #loop(): Promise<void> {
    const { clock } = this.#options;
    const signal = this.#signal;
    while (!signal.aborted) {
      const kicked = new Promise<void>((resolve) => {
        this.#wakeUp = resolve;
      });
      this.#look();
      const resting = new AbortController();
      const rest = clock.sleep(this.#nextLookMs(), { signal: resting.signal }).catch(() => {});
      await Promise.race([kicked, rest]);
      resting.abort();
      if (this.waitingLine.length === 0) {
        await clock.sleep(SETTLE_MS, { signal }).catch(() => {});
      }
    }
  }

  #look(): void {
    this.#intents.forgetAnswered(this.#nowMs());
    if (!this.#isObserving && this.#nowMs() >= this.#observer.dueAtMs) {
      this.#inBackground(this.#observe());
    }
    this.#lastPlan = this.#decide();
    for (const action of this.#lastPlan.actions) {
      if (action.kind !== 'wait' && this.#mayBegin(action)) this.#begin(action);
    }
    this.#answerWaiting();
  }

  /** Beside the loop, which must go on answering pods while links and EC2 take their time. */
  async #observe(): Promise<void> {
    this.#isObserving = true;
    try {
      await this.#observer.observe();
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#options.onEvent({ kind: 'observe-failed', error });
    } finally {
      this.#isObserving = false;
    }
  }

  #decide(): Plan {
    const { book, targets } = this.#options;
    const { isSchedulable, maxPods = this.#options.maxPods } = this.#options.outlook();
    const nowMs = this.#nowMs();
    const { nextCooledAtMs, lastReleasedAtMs, strandedCount, reservedCount } =
      book.statistics(nowMs);
    if (reservedCount > (this.#reservedCount ?? reservedCount)) this.#lastReservedAtMs = nowMs;
    this.#reservedCount = reservedCount;
    const lastReservedAtMs = this.#lastReservedAtMs;
    const enis = book.enis(nowMs);
    const throttledUntilMs = this.#troubles.ofNode?.untilMs;
    const state: PoolState = {
      enis: enis.map(poolEniOf),
      subnets: this.#troubles.hints(enis, nowMs),
      waitingCount: this.waitingLine.length,
      inFlight: this.#ledger.inFlight,
      // Pods that hold stranded addresses take places like all others.
      maxPods: Math.max(0, maxPods - strandedCount),
      ...(nextCooledAtMs === undefined ? {} : { nextCooledAtMs }),
      ...(lastReservedAtMs === undefined ? {} : { lastReservedAtMs }),
      ...(lastReleasedAtMs === undefined ? {} : { lastReleasedAtMs }),
      ...(throttledUntilMs === undefined ? {} : { throttledUntilMs }),
      isSchedulable,
    };
    return plan(state, targets, { ...this.#options.limits(), maxEnis: this.maxEnis }, nowMs);
  }

  #mayBegin(action: StartedAction): boolean {
    const { provisions, outlook } = this.#options;
    if (!provisions) return false;
    if (grows(action)) return true;
    return !outlook().isLeaving && this.#nowMs() >= this.#shrinkBlockedUntilMs;
  }

  #begin(action: StartedAction): void {
    this.#ledger.begin(action);
    this.#inBackground(this.#carryOut(action).finally(() => this.#ledger.end(action)));
  }

  async #carryOut(action: StartedAction): Promise<void> {
    const { onEvent, book } = this.#options;
    const signal = this.#signal;
    const intents = this.#intents;
    const startedAtMs = this.#nowMs();
    onEvent({ kind: 'action-started', action });
    try {
      const { otherSlots } = this.#observer;
      await applyAction(action, { ...this.#options, intents, otherSlots, signal });
      if (grows(action)) this.#troubles.noteSuccess(action, book.enis(this.#nowMs()));
      onEvent({ kind: 'action-done', action, elapsedMs: this.#nowMs() - startedAtMs });
    } catch (error) {
      if (signal.aborted) return;
      const nowMs = this.#nowMs();
      if (grows(action)) {
        this.#troubles.noteFailure(error, action, { enis: book.enis(nowMs), nowMs });
      } else this.#shrinkBlockedUntilMs = nowMs + SHRINK_RETRY_MS;
      // A failed answer does not tell what EC2 did: the next look compares.
      this.#observer.observeBy(nowMs);
      onEvent({ kind: 'action-failed', action, error });
    }
  }

  #answerWaiting(): void {
    const outlook = this.#outlook();
    if (outlook.statistics.reservableNowCount > 0) {
      this.waitingLine.tell(() => ({ kind: 'look-again' }));
      return;
    }
    this.waitingLine.tell((deadlineMs) => refusalFor(outlook, deadlineMs));
  }

  #outlook(): Outlook {
    const nowMs = this.#nowMs();
    const { book, provisions } = this.#options;
    const refusals = this.#lastPlan?.refusals ?? [];
    const hasSingles = book.enis(nowMs).some(({ totalCount }) => totalCount > 0);
    const prefixShortage = hasSingles ? this.#troubles.prefixShortage : undefined;
    const isFull = refusals.some(({ reason }) => reason === 'subnet-full');
    return {
      nowMs,
      statistics: book.statistics(nowMs),
      isGrowing: this.#ledger.inFlight.some(grows),
      block: this.#troubles.ofNode ?? (isFull ? this.#troubles.ofSubnets(nowMs) : undefined),
      limit: provisions ? limitIn(refusals, nowMs, prefixShortage) : PROVISIONING_DISABLED,
    };
  }

  /** Until the first instant at which something may be due without a kick. */
  #nextLookMs(): number {
    const nowMs = this.#nowMs();
    const waits = (this.#lastPlan?.actions ?? []).filter((action) => action.kind === 'wait');
    const cooledAtMs = this.#options.book.statistics(nowMs).nextCooledAtMs;
    const instants = [
      nowMs + this.#options.intervalMs,
      this.#observer.dueAtMs,
      ...waits.map(({ untilMs }) => untilMs),
      ...this.waitingLine.deadlinesMs,
      ...(this.waitingLine.length > 0 && cooledAtMs !== undefined ? [cooledAtMs] : []),
      ...(this.#troubles.ofNode === undefined ? [] : [this.#troubles.ofNode.untilMs]),
    ];
    return Math.min(...instants.filter((atMs) => atMs > nowMs)) - nowMs;
  }

  #inBackground(work: Promise<void>): void {
    const done = work.finally(() => {
      this.#underWay.delete(done);
      this.kick();
    });
    this.#underWay.add(done);
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}

const poolEniOf = ({ role, ...eni }: EniSnapshot): PoolEni =>
  role === undefined || role === 'ordinary' ? eni : { ...eni, kind: role };
