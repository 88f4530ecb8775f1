import type { AddressBook } from '@vpc-cni/ipam';
import {
  type Plan,
  type PlanLimits,
  type PoolState,
  plan,
  type WarmTargets,
} from '@vpc-cni/warm-pool';
import { createActionLedger, type StartedAction } from './action-ledger.ts';
import { applyAction } from './apply-action.ts';
import type { PoolEvent } from './events.ts';
import { backOffOf, type GrowthBlock, growthBlockOf } from './growth-block.ts';
import { createFragmentedSubnets, subnetWithoutPrefix } from './no-free-prefix.ts';
import type { Clock, EniPort, HostPort, MetadataPort } from './ports.ts';
import { reconcile } from './reconcile.ts';
import { limitIn, type Outlook, type PoolRefusal, refusalFor } from './refusal.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

export interface PoolControllerOptions {
  readonly book: AddressBook;
  readonly metadata: MetadataPort;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly clock: Clock;
  readonly targets: WarmTargets;
  readonly limits: PlanLimits;
  readonly maxPods: number;
  /** Longest time between two looks at the pool, ms. Default 5,000. */
  readonly intervalMs?: number;
  /** Time between two comparisons with instance metadata, ms. Default 60,000. */
  readonly reconcileIntervalMs?: number;
  readonly onEvent?: (event: PoolEvent) => void;
  /** Ends whatever waits, as {@link PoolController.stop} does, also before the start. Default: never. */
  readonly signal?: AbortSignal;
}

export interface PoolController {
  /** ADDs that found the pool empty. */
  readonly waitingLine: WaitingLine;
  /** Takes over what is attached to the instance; the address book knows every address afterwards. */
  adopt(): Promise<void>;
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
/** After an ENI could not be dealt with, the next comparison comes sooner. */
const OBSERVE_RETRY_MS = 10_000;
/** After giving something back failed, the next attempt waits. */
const SHRINK_RETRY_MS = 30_000;

/** What the controller cannot do yet is not planned, whatever the targets say. */
const NOT_YET = {
  addressFamily: 'ipv4',
  customNetworking: false,
  securityGroupsForPods: false,
} as const;

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
  readonly #fragmented = createFragmentedSubnets();
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  /** Everything that {@link stop} waits for. */
  readonly #underWay = new Set<Promise<void>>();
  #lastPlan: Plan | undefined;
  #block: GrowthBlock | undefined;
  /** At the last look: more than then means that pods arrive. */
  #reservedCount: number | undefined;
  #lastReservedAtMs: number | undefined;
  #shrinkBlockedUntilMs = 0;
  #observeAtMs = Number.NEGATIVE_INFINITY;
  #isObserving = false;
  /** ENIs on the instance that are not in the book: they take slots. */
  #foreignEniCount = 0;
  #wakeUp = () => {};

  constructor(options: PoolControllerOptions) {
    this.#options = {
      intervalMs: 5_000,
      reconcileIntervalMs: 60_000,
      onEvent: () => {},
      ...options,
    };
    const signals = options.signal === undefined ? [] : [options.signal];
    this.#signal = AbortSignal.any([this.#stopping.signal, ...signals]);
  }

  get lastPlan(): Plan | undefined {
    return this.#lastPlan;
  }

  get maxEnis(): number {
    const { limits, targets } = this.#options;
    return Math.max(
      0,
      Math.min(limits.maxEnis, targets.maxEnis ?? limits.maxEnis) - this.#foreignEniCount,
    );
  }

  refusal(): PoolRefusal | undefined {
    const outlook = this.#outlook();
    const { totalCount, strandedCount } = outlook.statistics;
    return totalCount + strandedCount > 0 ? undefined : refusalFor(outlook, outlook.nowMs);
  }

  async adopt(): Promise<void> {
    // Whatever asks for a comparison while this one is under way gets another.
    this.#observeAtMs = this.#nowMs() + this.#options.reconcileIntervalMs;
    const seen = await reconcile({ ...this.#options, signal: this.#signal, ledger: this.#ledger });
    this.#foreignEniCount = seen.foreignEniCount ?? this.#foreignEniCount;
    if (!seen.isComplete) this.#observeBy(this.#nowMs() + OBSERVE_RETRY_MS);
  }

  start(): void {
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
    if (!this.#isObserving && this.#nowMs() >= this.#observeAtMs) {
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
      await this.adopt();
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#options.onEvent({ kind: 'observe-failed', error });
    } finally {
      this.#isObserving = false;
    }
  }

  #observeBy(atMs: number): void {
    this.#observeAtMs = Math.min(this.#observeAtMs, atMs);
  }

  #decide(): Plan {
    const { book, targets, limits, maxPods } = this.#options;
    const nowMs = this.#nowMs();
    const { nextCooledAtMs, lastReleasedAtMs, strandedCount, reservedCount } =
      book.statistics(nowMs);
    if (reservedCount > (this.#reservedCount ?? reservedCount)) this.#lastReservedAtMs = nowMs;
    this.#reservedCount = reservedCount;
    const lastReservedAtMs = this.#lastReservedAtMs;
    const enis = book.enis(nowMs);
    const state: PoolState = {
      enis,
      subnets: this.#fragmented.hints(enis, nowMs),
      waitingCount: this.waitingLine.length,
      inFlight: this.#ledger.inFlight,
      // Pods that hold stranded addresses take places like all others.
      maxPods: Math.max(0, maxPods - strandedCount),
      ...(nextCooledAtMs === undefined ? {} : { nextCooledAtMs }),
      ...(lastReservedAtMs === undefined ? {} : { lastReservedAtMs }),
      ...(lastReleasedAtMs === undefined ? {} : { lastReleasedAtMs }),
      ...backOffOf(this.#block),
    };
    const maxEnis = this.maxEnis;
    return plan(state, { ...targets, ...NOT_YET }, { ...limits, maxEnis }, nowMs);
  }

  #mayBegin(action: StartedAction): boolean {
    return grows(action) || this.#nowMs() >= this.#shrinkBlockedUntilMs;
  }

  #begin(action: StartedAction): void {
    this.#ledger.begin(action);
    this.#inBackground(this.#carryOut(action).finally(() => this.#ledger.end(action)));
  }

  async #carryOut(action: StartedAction): Promise<void> {
    const { onEvent } = this.#options;
    const signal = this.#signal;
    const startedAtMs = this.#nowMs();
    onEvent({ kind: 'action-started', action });
    try {
      await applyAction(action, { ...this.#options, signal });
      if (grows(action)) this.#block = undefined;
      onEvent({ kind: 'action-done', action, elapsedMs: this.#nowMs() - startedAtMs });
    } catch (error) {
      if (signal.aborted) return;
      const nowMs = this.#nowMs();
      if (grows(action)) this.#noteFailedGrowth(action, error, nowMs);
      else this.#shrinkBlockedUntilMs = nowMs + SHRINK_RETRY_MS;
      // A failed answer does not tell what EC2 did: the next look compares.
      this.#observeBy(Number.NEGATIVE_INFINITY);
      onEvent({ kind: 'action-failed', action, error });
    }
  }

  #noteFailedGrowth(action: StartedAction, error: unknown, nowMs: number): void {
    const subnetId = subnetWithoutPrefix(error, action, this.#options.book.enis(nowMs));
    // Where only prefixes cannot be had, single addresses are asked for at once.
    if (subnetId === undefined) this.#block = growthBlockOf(error, this.#block, nowMs);
    else this.#fragmented.note(subnetId, nowMs);
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
    return {
      nowMs,
      statistics: this.#options.book.statistics(nowMs),
      isGrowing: this.#ledger.inFlight.some(grows),
      block: this.#block,
      limit: limitIn(this.#lastPlan?.refusals ?? []),
    };
  }

  /** Until the first instant at which something may be due without a kick. */
  #nextLookMs(): number {
    const nowMs = this.#nowMs();
    const waits = (this.#lastPlan?.actions ?? []).filter((action) => action.kind === 'wait');
    const cooledAtMs = this.#options.book.statistics(nowMs).nextCooledAtMs;
    const instants = [
      nowMs + this.#options.intervalMs,
      ...waits.map(({ untilMs }) => untilMs),
      ...this.waitingLine.deadlinesMs,
      ...(this.waitingLine.length > 0 && cooledAtMs !== undefined ? [cooledAtMs] : []),
      ...(this.#block === undefined ? [] : [this.#block.untilMs]),
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
