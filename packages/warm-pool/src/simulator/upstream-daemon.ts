import type { GrowthAction, GrowthFailure } from '../upstream/increase.ts';
import {
  planUpstream,
  type UpstreamAction,
  type UpstreamPlan,
  type UpstreamState,
} from '../upstream/plan-upstream.ts';
import { createAlarm } from './alarm.ts';
import type { Course } from './clock.ts';
import { modeOf } from './config.ts';
import { assign, createEni, forgetEni, type Hands, type Outcome, unassign } from './ec2-courses.ts';
import { arbitraryAddress } from './next-free-address.ts';
import type { Daemon, Node, Pod } from './node.ts';
import type { Eni, PooledAddress } from './pooled-eni.ts';
import { callWithRetry, pollsUntil, tries } from './upstream-calls.ts';

/** §5.1: 2.5 s, the pool, 2.5 s, the comparison with instance metadata. */
const CYCLE_MS = 5_000;
const FIRST_CYCLE_MS = 2_500;
/** §0: two scale-downs, an ENI's least age, the back-off after a full subnet. */
const DECREASE_INTERVAL_MS = 30_000;
const ENI_MINIMUM_AGE_MS = 60_000;
const SUBNET_FULL_BACKOFF_MS = 120_000;
/** §6.1: what EC2 refused to take back is found again by the comparison, a minute later. */
const READOPTION_MS = 60_000;
/** §7.6: between detaching and deleting. */
const DETACH_SETTLE_MS = 2_000;

/** A node that does what v1.23.1 does, cycle by cycle; section numbers are those of its reference. */
export class UpstreamDaemon implements Daemon {
  readonly #node: Node;
  readonly #hands: Hands;
  readonly #alarm;
  readonly #mode;
  readonly #skipsIdleCycles;
  /** Cycles come every {@link CYCLE_MS} after this instant. */
  #cyclesFromMs = Number.POSITIVE_INFINITY;
  #isResting = false;
  #lastDecreasedAtMs = Number.NEGATIVE_INFINITY;
  #subnetBackoffUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * @param skipsIdleCycles off: every cycle is run, also those that find nothing to do. The result is
   *   the same, and takes longer.
   */
  constructor(node: Node, { skipsIdleCycles = true } = {}) {
    this.#node = node;
    this.#skipsIdleCycles = skipsIdleCycles;
    this.#mode = modeOf(node.config);
    this.#hands = {
      node,
      caller: (action) => callWithRetry(node, action),
      beforeCreate: ['DescribeSubnets'],
      afterAttach: ['DescribeSubnets'],
      noticedAfterMs: pollsUntil,
    };
    this.#alarm = createAlarm(node.clock, () => node.clock.run(this.#cycle()));
  }

  /** §1.4: describe-all, set-up of the primary ENI, tags; then one step of growth before serving. */
  join(): void {
    this.#node.clock.run(this.#start());
  }

  *#start(): Course {
    const { caller } = this.#hands;
    yield* caller('DescribeNetworkInterfaces');
    yield* caller('CreateTags');
    yield* caller('DescribeSubnets');
    yield* this.#grow(this.#plan([]));
    this.#cyclesFromMs = this.#node.clock.nowMs + FIRST_CYCLE_MS;
    this.#alarm.setFor(this.#cyclesFromMs);
  }

  /** §3.3: never waits. */
  add(pod: Pod): void {
    const { pool, desk, random } = this.#node;
    const address = arbitraryAddress(pool, this.#mode, random);
    if (address === undefined) {
      desk.refused(pod);
      return;
    }
    pool.reserve(address);
    desk.served(pod, address);
    this.#wakeUp();
  }

  del({ address }: Pod): void {
    if (address !== undefined) {
      this.#node.release(address, this.#wakeUp);
      this.#wakeUp();
    }
  }

  /** One turn of the loop: everything in it happens one after the other. */
  *#cycle(): Course {
    const { clock } = this.#node;
    this.#isResting = false;
    const { plan, failureCount } = yield* this.#grow(this.#plan([]));
    if (plan.hasDecreased) {
      this.#lastDecreasedAtMs = clock.nowMs;
    }
    for (const action of plan.actions) {
      yield* this.#shrink(action);
    }
    this.#cyclesFromMs = clock.nowMs;
    const isIdle = plan.actions.length === 0 && !plan.hasDecreased && failureCount === 0;
    if (isIdle && this.#skipsIdleCycles) {
      this.#rest();
    } else {
      this.#alarm.setFor(clock.nowMs + CYCLE_MS);
    }
  }

  /**
   * Nothing was to be done: the cycles until something changes, or one of its time limits has
   * passed, would find nothing either and are skipped.
   */
  #rest(): void {
    const { nowMs } = this.#node.clock;
    this.#isResting = true;
    const limits = [
      this.#lastDecreasedAtMs + DECREASE_INTERVAL_MS + 1,
      this.#subnetBackoffUntilMs + 1,
      ...this.#node.pool.enis.map(({ facts }) => facts.attachedAtMs + ENI_MINIMUM_AGE_MS),
    ].filter((atMs) => atMs > nowMs);
    if (limits.length > 0) {
      this.#alarm.setFor(this.#cycleFrom(Math.min(...limits)));
    }
  }

  readonly #wakeUp = (): void => {
    if (this.#isResting) {
      this.#alarm.setFor(this.#cycleFrom(this.#node.clock.nowMs));
    }
  };

  /** The first cycle not before `atMs`. */
  #cycleFrom(atMs: number): number {
    const turns = Math.ceil((atMs - this.#cyclesFromMs) / CYCLE_MS);
    return this.#cyclesFromMs + Math.max(1, turns) * CYCLE_MS;
  }

  #plan(growthFailures: readonly GrowthFailure[]): UpstreamPlan {
    const { pool, config, clock } = this.#node;
    const state: UpstreamState = {
      enis: pool.enis.map(({ view }) => view),
      waitingCount: 0,
      inFlight: [],
      maxPods: config.maxPods,
      lastDecreasedAtMs: this.#lastDecreasedAtMs,
      subnetBackoffUntilMs: this.#subnetBackoffUntilMs,
      growthFailures: { 0: growthFailures },
    };
    return planUpstream(state, config.targets, config.limits, clock.nowMs);
  }

  /** Attempt after attempt, until one of them succeeds or the plan, the last one, gives up. */
  *#grow(
    first: UpstreamPlan,
  ): Course<{ readonly plan: UpstreamPlan; readonly failureCount: number }> {
    const failures: GrowthFailure[] = [];
    for (let plan = first; ; plan = this.#plan(failures)) {
      if (plan.hasMetFullSubnet) {
        this.#subnetBackoffUntilMs = this.#node.clock.nowMs + SUBNET_FULL_BACKOFF_MS;
      }
      const growth = plan.actions.find(isGrowth);
      const outcome = growth === undefined ? 'done' : yield* this.#attempt(growth);
      if (outcome === 'done') {
        return { plan, failureCount: failures.length };
      }
      failures.push(outcome === 'throttled' ? 'other' : 'subnet-exhausted');
    }
  }

  *#attempt(action: GrowthAction): Course<Outcome> {
    const hands = this.#hands;
    switch (action.kind) {
      case 'create-eni':
        return yield* createEni(hands, { kind: 'addresses', count: action.addressCount });
      case 'create-eni-with-prefixes':
        return yield* createEni(hands, { kind: 'prefixes', count: action.prefixCount });
      case 'assign-addresses':
        return yield* assign(hands, this.#eni(action.eniId), {
          kind: 'addresses',
          count: action.count,
        });
      case 'assign-prefixes':
        return yield* assign(hands, this.#eni(action.eniId), {
          kind: 'prefixes',
          count: action.prefixCount,
        });
    }
  }

  /** A pod that took something meanwhile keeps it (§2.6). */
  *#shrink(action: UpstreamAction): Course {
    if (action.kind === 'unassign-addresses') {
      const { singles } = this.#eni(action.eniId);
      const texts = new Set(action.addresses);
      yield* this.#return(singles.addresses.filter((one) => texts.has(one.text) && isUnused(one)));
    } else if (action.kind === 'unassign-prefixes') {
      const prefixes = this.#eni(action.eniId).prefixes.filter(
        ({ prefix = '', reservedCount }) => action.prefixes.includes(prefix) && reservedCount === 0,
      );
      yield* this.#return(prefixes.flatMap(({ addresses }) => addresses.filter(isUnused)));
    } else if (action.kind === 'delete-eni') {
      const eni = this.#eni(action.eniId);
      if (eni.addresses.every(({ status }) => status === 'free')) {
        yield* this.#delete(eni);
      }
    }
  }

  /** §5.5: the addresses leave the pool first, and EC2 is asked then. */
  *#return(addresses: readonly PooledAddress[]): Course {
    const { pool, clock } = this.#node;
    if (addresses.length === 0) {
      return;
    }
    pool.drain(addresses);
    if ((yield* unassign(this.#hands, addresses)) !== 'done') {
      clock.at(clock.nowMs + READOPTION_MS, () => this.#readopt(addresses));
    }
  }

  /** §7.6 */
  *#delete(eni: Eni): Course {
    const { pool, clock, ec2 } = this.#node;
    const { caller } = this.#hands;
    pool.drain(eni.addresses);
    const isDetached =
      (yield* caller('DescribeNetworkInterfaces')) &&
      (yield* tries(200, () => caller('DetachNetworkInterface')));
    if (!isDetached) {
      const addresses = eni.addresses.filter(({ status }) => status === 'draining');
      clock.at(clock.nowMs + READOPTION_MS, () => this.#readopt(addresses));
      return;
    }
    const detachedAtMs = clock.nowMs + ec2.config.detachDelayMs;
    yield DETACH_SETTLE_MS;
    // What cannot be deleted in all these tries is left for a sweep; the node is done with it.
    yield* tries(500, function* () {
      return (yield* caller('DeleteNetworkInterface')) && clock.nowMs >= detachedAtMs;
    });
    forgetEni(this.#node, eni);
  }

  #readopt(addresses: readonly PooledAddress[]): void {
    this.#node.pool.undrain(addresses);
    this.#wakeUp();
  }

  #eni(eniId: string): Eni {
    const eni = this.#node.pool.eni(eniId);
    if (eni === undefined) {
      throw new Error(`a plan names ${eniId}, which is not on the node`);
    }
    return eni;
  }
}

const isGrowth = (action: UpstreamAction): action is GrowthAction =>
  action.kind.startsWith('create') || action.kind.startsWith('assign');

/** Quirk, trap 5: cooling addresses are given back too. */
const isUnused = ({ status }: PooledAddress): boolean => status === 'free' || status === 'cooling';
