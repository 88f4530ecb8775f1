import type { AddressBook } from '@vpc-cni/ipam';
import {
  type InstanceLimits,
  type Plan,
  type PoolState,
  plan,
  type WarmTargets,
} from '@vpc-cni/warm-pool';
import { createActionLedger, type StartedAction } from './action-ledger.ts';
import { applyAction } from './apply-action.ts';
import type { PoolEvent } from './events.ts';
import { backOffOf, type GrowthBlock, growthBlockOf } from './growth-block.ts';
import type { Clock, EniPort, HostPort, MetadataPort } from './ports.ts';
import { reconcile } from './reconcile.ts';
import { limitIn, type Outlook, refusalFor } from './refusal.ts';
import { createWaitingLine, type WaitingLine } from './waiting-line.ts';

export interface PoolControllerOptions {
  readonly book: AddressBook;
  readonly metadata: MetadataPort;
  readonly enis: EniPort;
  readonly host: HostPort;
  readonly clock: Clock;
  readonly targets: WarmTargets;
  readonly limits: InstanceLimits;
  readonly maxPods: number;
  /** Longest time between two looks at the pool, ms. Default 5,000. */
  readonly intervalMs?: number;
  /** Time between two comparisons with instance metadata, ms. Default 60,000. */
  readonly reconcileIntervalMs?: number;
  readonly onEvent?: (event: PoolEvent) => void;
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
  /** The last plan, for explanations. */
  readonly lastPlan: Plan | undefined;
  /** Starts nothing new, aborts what is under way, and waits for it. */
  stop(): Promise<void>;
}

/** Many ADDs and DELs at once are answered by one look at the pool, unless somebody waits. */
const SETTLE_MS = 50;
/** After giving something back failed, the next attempt waits. */
const SHRINK_RETRY_MS = 30_000;

const grows = (action: StartedAction) =>
  action.kind === 'create-eni' || action.kind === 'assign-addresses';

/**
 * The control loop of a node's warm pool: observe, plan, apply, record; level-triggered.
 *
 * Never two actions at once on one ENI; independent ENIs in parallel.
 */
export function createPoolController(options: PoolControllerOptions): PoolController {
  const { book, clock, targets, limits, maxPods } = options;
  const { intervalMs = 5_000, reconcileIntervalMs = 60_000, onEvent = () => {} } = options;
  const waitingLine = createWaitingLine();
  const stopping = new AbortController();
  const { signal } = stopping;
  const ledger = createActionLedger();
  /** Everything that {@link PoolController.stop} waits for. */
  const underWay = new Set<Promise<void>>();
  let block: GrowthBlock | undefined;
  let shrinkBlockedUntilMs = 0;
  let lastPlan: Plan | undefined;
  let observedAtMs = Number.NEGATIVE_INFINITY;
  let isObserving = false;
  let wakeUp = () => {};
  let running: Promise<void> = Promise.resolve();

  function inBackground(work: Promise<void>): void {
    const done = work.finally(() => {
      underWay.delete(done);
      kick();
    });
    underWay.add(done);
  }

  const adopt = () => reconcile({ ...options, signal, onEvent, ledger });

  /** Beside the loop, which must go on answering pods while links and EC2 take their time. */
  async function observe(): Promise<void> {
    try {
      await adopt();
    } catch (error) {
      if (!signal.aborted) onEvent({ kind: 'observe-failed', error });
    } finally {
      observedAtMs = clock.nowMs();
      isObserving = false;
    }
  }

  function decide(): Plan {
    const nowMs = clock.nowMs();
    const { nextCooledAtMs, lastReleasedAtMs } = book.statistics(nowMs);
    const state: PoolState = {
      enis: book.enis(nowMs),
      waitingCount: waitingLine.length,
      inFlight: ledger.inFlight,
      maxPods,
      ...(nextCooledAtMs === undefined ? {} : { nextCooledAtMs }),
      ...(lastReleasedAtMs === undefined ? {} : { lastReleasedAtMs }),
      ...backOffOf(block),
    };
    return plan(state, targets, limits, nowMs);
  }

  async function carryOut(action: StartedAction): Promise<void> {
    const startedAtMs = clock.nowMs();
    onEvent({ kind: 'action-started', action });
    try {
      await applyAction(action, { ...options, signal });
      if (grows(action)) block = undefined;
      onEvent({ kind: 'action-done', action, elapsedMs: clock.nowMs() - startedAtMs });
    } catch (error) {
      if (signal.aborted) return;
      if (grows(action)) block = growthBlockOf(error, block, clock.nowMs());
      else shrinkBlockedUntilMs = clock.nowMs() + SHRINK_RETRY_MS;
      onEvent({ kind: 'action-failed', action, error });
    }
  }

  const mayBegin = (action: StartedAction) =>
    grows(action) || clock.nowMs() >= shrinkBlockedUntilMs;

  function begin(action: StartedAction): void {
    ledger.begin(action);
    inBackground(carryOut(action).finally(() => ledger.end(action)));
  }

  function answerWaiting(): void {
    const nowMs = clock.nowMs();
    const statistics = book.statistics(nowMs);
    if (statistics.reservableNowCount > 0) {
      waitingLine.tell(() => ({ kind: 'look-again' }));
      return;
    }
    const outlook: Outlook = {
      nowMs,
      statistics,
      isGrowing: ledger.inFlight.some(grows),
      block,
      limit: limitIn(lastPlan?.refusals ?? []),
    };
    waitingLine.tell((deadlineMs) => refusalFor(outlook, deadlineMs));
  }

  function pass(): void {
    if (!isObserving && clock.nowMs() - observedAtMs >= reconcileIntervalMs) {
      isObserving = true;
      inBackground(observe());
    }
    lastPlan = decide();
    for (const action of lastPlan.actions) {
      if (action.kind !== 'wait' && mayBegin(action)) begin(action);
    }
    answerWaiting();
  }

  function nextLookMs(): number {
    const nowMs = clock.nowMs();
    const instants = [
      nowMs + intervalMs,
      ...(lastPlan?.actions ?? []).map((action) =>
        action.kind === 'wait' ? action.untilMs : nowMs,
      ),
      ...waitingLine.deadlinesMs,
      ...(waitingLine.length > 0 ? [book.statistics(nowMs).nextCooledAtMs ?? nowMs] : []),
      block?.untilMs ?? nowMs,
    ];
    return Math.min(...instants.filter((atMs) => atMs > nowMs)) - nowMs;
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      const kicked = new Promise<void>((resolve) => {
        wakeUp = resolve;
      });
      pass();
      const resting = new AbortController();
      const rest = clock.sleep(nextLookMs(), { signal: resting.signal }).catch(() => {});
      await Promise.race([kicked, rest]);
      resting.abort();
      if (waitingLine.length === 0) await clock.sleep(SETTLE_MS, { signal }).catch(() => {});
    }
  }

  const kick = () => wakeUp();

  return {
    waitingLine,
    get lastPlan() {
      return lastPlan;
    },
    adopt: async () => {
      await adopt();
      observedAtMs = clock.nowMs();
    },
    start: () => {
      running = loop();
    },
    kick,
    stop: async () => {
      stopping.abort();
      kick();
      await Promise.all([running, ...underWay]);
    },
  };
}
