import type { Action } from '../action.ts';
import { plan } from '../default/plan.ts';
import type { PoolState } from '../pool-state.ts';
import type { Refusal } from '../refusal.ts';
import { createAlarm } from './alarm.ts';
import type { Course } from './clock.ts';
import { callerOf } from './default-calls.ts';
import { assign, createEni, forgetEni, type Hands, type Outcome, unassign } from './ec2-courses.ts';
import { backOffOf, blockOf, type GrowthBlock } from './growth-block.ts';
import { longestIdleAddress } from './next-free-address.ts';
import type { Daemon, Node, Pod } from './node.ts';
import type { Eni, PooledAddress } from './pooled-eni.ts';

/** Many ADDs and DELs at once are answered by one look at the pool, unless somebody waits. */
const SETTLE_MS = 50;
/** Longest time between two looks at the pool. */
const INTERVAL_MS = 5_000;
/** After EC2 had no free /28, single addresses do for as long as this. */
const FRAGMENTED_MS = 600_000;
/** After giving something back failed, the next attempt waits. */
const SHRINK_RETRY_MS = 30_000;

type WorkAction = Exclude<Action, { readonly kind: 'wait' }>;

interface WaitingAdd {
  readonly pod: Pod;
  readonly deadlineMs: number;
}

interface CoolingAddress {
  readonly address: PooledAddress;
  readonly releasedAtMs: number;
}

/**
 * A node that follows `plan`, with the habits of the pool controller: a look at the pool whenever
 * something changed, actions on different ENIs side by side, ADDs held while capacity is on its way.
 */
export class DefaultDaemon implements Daemon {
  readonly #node: Node;
  readonly #hands: Hands;
  readonly #alarm;
  /** First come, first served. */
  #waiting: WaitingAdd[] = [];
  #inFlight: WorkAction[] = [];
  #block: GrowthBlock | undefined;
  #fragmentedUntilMs = Number.NEGATIVE_INFINITY;
  #shrinkBlockedUntilMs = Number.NEGATIVE_INFINITY;
  #lastReservedAtMs: number | undefined;
  #lastReleasedAtMs: number | undefined;
  /** Addresses in the order in which they cool; may list some that do not any more. */
  #cooling: CoolingAddress[] = [];

  constructor(node: Node) {
    this.#node = node;
    this.#hands = {
      node,
      caller: callerOf(node),
      beforeCreate: [],
      afterAttach: [],
      noticedAfterMs: (delayMs) => delayMs,
    };
    this.#alarm = createAlarm(node.clock, () => this.#look());
  }

  /** Instance metadata tells all that is needed: no call. */
  join(): void {
    this.#lookAfter(0);
  }

  add(pod: Pod): void {
    const deadlineMs = this.#node.clock.nowMs + this.#node.config.addHoldMs;
    this.#waiting.push({ pod, deadlineMs });
    this.#serveWaiting();
    this.#lookAfter(SETTLE_MS);
  }

  del(pod: Pod): void {
    const { address } = pod;
    if (address === undefined) {
      this.#waiting = this.#waiting.filter((waiting) => waiting.pod !== pod);
      return;
    }
    const releasedAtMs = this.#node.clock.nowMs;
    this.#lastReleasedAtMs = releasedAtMs;
    this.#cooling.push({ address, releasedAtMs });
    this.#node.release(address, this.#onCooled);
    this.#lookAfter(SETTLE_MS);
  }

  readonly #onCooled = (): void => {
    this.#serveWaiting();
    this.#lookAfter(INTERVAL_MS);
  };

  #look(): void {
    const { clock, config } = this.#node;
    this.#serveWaiting();
    const { actions, refusals } = plan(this.#state(), config.targets, config.limits, clock.nowMs);
    for (const action of actions) {
      if (action.kind === 'wait') {
        this.#alarm.setFor(action.untilMs);
      } else if (grows(action) || clock.nowMs >= this.#shrinkBlockedUntilMs) {
        this.#begin(action);
      } else {
        this.#alarm.setFor(this.#shrinkBlockedUntilMs);
      }
    }
    this.#refuseHopeless(refusals);
    if (this.#isFragmented) {
      this.#alarm.setFor(this.#fragmentedUntilMs);
    }
    const [first] = this.#waiting;
    if (first !== undefined) {
      this.#alarm.setFor(first.deadlineMs);
    }
  }

  /** Somebody who waits is worth an immediate look. */
  #lookAfter(delayMs: number): void {
    this.#alarm.setFor(this.#node.clock.nowMs + (this.#waiting.length > 0 ? 0 : delayMs));
  }

  #state(): PoolState {
    const nextCooledAtMs = this.#nextCooledAtMs();
    const { subnetId } = this.#node;
    return {
      enis: this.#node.pool.enis.map(({ view }) => view),
      waitingCount: this.#waiting.length,
      inFlight: this.#inFlight,
      maxPods: this.#node.config.maxPods,
      ...(nextCooledAtMs === undefined ? {} : { nextCooledAtMs }),
      ...(this.#lastReservedAtMs === undefined ? {} : { lastReservedAtMs: this.#lastReservedAtMs }),
      ...(this.#lastReleasedAtMs === undefined ? {} : { lastReleasedAtMs: this.#lastReleasedAtMs }),
      ...backOffOf(this.#block),
      ...(this.#isFragmented ? { subnets: [{ subnetId, isFragmented: true }] } : {}),
    };
  }

  get #isFragmented(): boolean {
    return this.#node.clock.nowMs < this.#fragmentedUntilMs;
  }

  #nextCooledAtMs(): number | undefined {
    let [first] = this.#cooling;
    while (first !== undefined && !isCooling(first)) {
      this.#cooling.shift();
      [first] = this.#cooling;
    }
    return first && first.releasedAtMs + this.#node.config.addressCooldownMs;
  }

  #serveWaiting(): void {
    const { pool, desk, clock } = this.#node;
    while (this.#waiting.length > 0 && pool.freeCount > 0) {
      const address = longestIdleAddress(pool);
      if (address === undefined) {
        return;
      }
      pool.reserve(address);
      this.#lastReservedAtMs = clock.nowMs;
      const first = this.#waiting.shift();
      if (first !== undefined) {
        desk.served(first.pod, address);
      }
    }
  }

  #begin(action: WorkAction): void {
    this.#inFlight.push(action);
    this.#node.clock.run(this.#carryOut(action), (outcome) => {
      this.#inFlight = this.#inFlight.filter((other) => other !== action);
      this.#learn(action, outcome);
      this.#serveWaiting();
      this.#lookAfter(SETTLE_MS);
    });
  }

  *#carryOut(action: WorkAction): Course<Outcome> {
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
      case 'unassign-addresses': {
        const texts = new Set(action.addresses);
        const { singles } = this.#eni(action.eniId);
        return yield* this.#return(singles.free.filter(({ text }) => texts.has(text)));
      }
      case 'unassign-prefixes': {
        const prefixes = this.#eni(action.eniId).prefixes.filter(({ prefix }) =>
          action.prefixes.includes(prefix ?? ''),
        );
        return yield* this.#return(prefixes.flatMap(({ addresses }) => addresses));
      }
      case 'delete-eni':
        return yield* this.#delete(this.#eni(action.eniId));
    }
  }

  *#return(addresses: readonly PooledAddress[]): Course<Outcome> {
    this.#node.pool.drain(addresses);
    const outcome = yield* unassign(this.#hands, addresses);
    if (outcome !== 'done') {
      this.#node.pool.undrain(addresses);
    }
    return outcome;
  }

  /** Looks, detaches, and looks again until the ENI can be deleted. */
  *#delete(eni: Eni): Course<Outcome> {
    const { pool, ec2, clock } = this.#node;
    const { caller } = this.#hands;
    pool.drain(eni.addresses);
    if (
      !(yield* caller('DescribeNetworkInterfaces')) ||
      !(yield* caller('DetachNetworkInterface'))
    ) {
      pool.undrain(eni.addresses);
      return 'throttled';
    }
    const detachedAtMs = clock.nowMs + ec2.config.detachDelayMs;
    for (let delayMs = 250; clock.nowMs < detachedAtMs; delayMs = Math.min(2 * delayMs, 4_000)) {
      yield delayMs;
      yield* caller('DescribeNetworkInterfaces');
    }
    while (!(yield* caller('DeleteNetworkInterface'))) {
      yield SHRINK_RETRY_MS;
    }
    forgetEni(this.#node, eni);
    return 'done';
  }

  #learn(action: WorkAction, outcome: Outcome): void {
    const { nowMs } = this.#node.clock;
    if (outcome === 'no-free-prefix') {
      this.#fragmentedUntilMs = nowMs + FRAGMENTED_MS;
    } else if (grows(action)) {
      this.#block = outcome === 'done' ? undefined : blockOf(outcome, this.#block, nowMs);
    } else if (outcome !== 'done') {
      this.#shrinkBlockedUntilMs = nowMs + SHRINK_RETRY_MS;
    }
  }

  /** Tells those to try again later whom no waiting helps. */
  #refuseHopeless(refusals: readonly Refusal[]): void {
    const { clock, desk } = this.#node;
    const isGrowing = this.#inFlight.some(grows);
    const isAtLimit = refusals.some(
      ({ reason }) => reason === 'eni-limit' || reason === 'at-max-pods',
    );
    const nextCooledAtMs = this.#nextCooledAtMs() ?? Number.POSITIVE_INFINITY;
    const mayGrowAtMs = this.#block?.untilMs ?? (isAtLimit ? Number.POSITIVE_INFINITY : 0);
    const mayHope = ({ deadlineMs }: WaitingAdd) =>
      deadlineMs > clock.nowMs &&
      (isGrowing || nextCooledAtMs <= deadlineMs || mayGrowAtMs <= deadlineMs);
    const hopeless = this.#waiting.filter((waiting) => !mayHope(waiting));
    this.#waiting = this.#waiting.filter(mayHope);
    for (const { pod } of hopeless) {
      desk.refused(pod);
    }
  }

  #eni(eniId: string): Eni {
    const eni = this.#node.pool.eni(eniId);
    if (eni === undefined) {
      throw new Error(`a plan names ${eniId}, which is not on the node`);
    }
    return eni;
  }
}

const isCooling = ({ address, releasedAtMs }: CoolingAddress): boolean =>
  address.status === 'cooling' && address.idleSinceMs === releasedAtMs;

const grows = ({ kind }: WorkAction): boolean =>
  kind.startsWith('create') || kind.startsWith('assign');
