import type { MaxPodsLimits } from '../max-pods.ts';
import type { PoolEni, PoolPrefix } from '../pool-state.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { planUpstream, type UpstreamAction, type UpstreamPlan } from './plan-upstream.ts';

/**
 * A node that follows {@link planUpstream}, for its tests: EC2 does at once what it is asked, pods
 * take the first free address. It starts with a primary ENI without addresses.
 */
export class SimulatedUpstreamNode {
  nowMs = 1_700_000_000_000;
  readonly history: UpstreamAction[] = [];
  readonly #targets: WarmTargets;
  readonly #limits: MaxPodsLimits;
  readonly #maxPods: number;
  enis: readonly PoolEni[];
  #waitingCount = 0;
  #lastDecreasedAtMs = Number.NEGATIVE_INFINITY;
  #nextId = 1;

  constructor(targets: WarmTargets, limits: MaxPodsLimits, maxPods = 500) {
    this.#targets = targets;
    this.#limits = limits;
    this.#maxPods = maxPods;
    this.enis = [this.#newEni('eni-0')];
  }

  get addressesPerEni(): readonly number[] {
    return this.enis.map(({ totalCount }) => totalCount);
  }

  get prefixesPerEni(): readonly number[] {
    return this.enis.map(({ prefixes = [] }) => prefixes.length);
  }

  startPods(count: number): void {
    this.#waitingCount += count;
    this.enis = this.enis.map((eni) => this.#serve(eni));
  }

  /** One turn of the five-second loop. */
  cycle(): UpstreamPlan {
    const state = {
      enis: this.enis,
      waitingCount: this.#waitingCount,
      inFlight: [],
      maxPods: this.#maxPods,
      lastDecreasedAtMs: this.#lastDecreasedAtMs,
    };
    const made = planUpstream(state, this.#targets, this.#limits, this.nowMs);
    for (const action of made.actions) {
      this.history.push(action);
      this.#apply(action);
    }
    this.#lastDecreasedAtMs = made.hasDecreased ? this.nowMs : this.#lastDecreasedAtMs;
    this.startPods(0);
    this.nowMs += 5_000;
    return made;
  }

  cycles(count: number): this {
    for (let turn = 0; turn < count; turn++) {
      this.cycle();
    }
    return this;
  }

  #apply(action: UpstreamAction): void {
    if (action.kind === 'create-eni' || action.kind === 'create-eni-with-prefixes') {
      const eni = this.#newEni(`eni-${this.#nextId++}`, action.networkCardIndex);
      const filled =
        action.kind === 'create-eni'
          ? this.#withAddresses(eni, action.addressCount)
          : this.#withPrefixes(eni, action.prefixCount);
      this.enis = [...this.enis, filled];
      return;
    }
    this.enis = this.enis.flatMap((eni) =>
      eni.eniId === action.eniId ? this.#applyTo(eni, action) : [eni],
    );
  }

  #applyTo(eni: PoolEni, action: UpstreamAction): readonly PoolEni[] {
    switch (action.kind) {
      case 'assign-addresses':
        return [this.#withAddresses(eni, action.count)];
      case 'assign-prefixes':
        return [this.#withPrefixes(eni, action.prefixCount)];
      case 'unassign-addresses':
        return [
          {
            ...eni,
            totalCount: eni.totalCount - action.addresses.length,
            freeAddresses: eni.freeAddresses.filter((one) => !action.addresses.includes(one)),
          },
        ];
      case 'unassign-prefixes':
        return [
          {
            ...eni,
            prefixes: (eni.prefixes ?? []).filter(
              ({ prefix }) => !action.prefixes.includes(prefix),
            ),
          },
        ];
      default:
        return [];
    }
  }

  #newEni(eniId: string, networkCardIndex = 0): PoolEni {
    return {
      eniId,
      isPrimary: eniId === 'eni-0',
      networkCardIndex,
      totalCount: 0,
      reservedCount: 0,
      coolingCount: 0,
      drainingCount: 0,
      attachedAtMs: this.nowMs,
      freeAddresses: [],
      prefixes: [],
    };
  }

  #withAddresses(eni: PoolEni, count: number): PoolEni {
    const added = Array.from({ length: count }, () => `10.0.0.${this.#nextId++}`);
    const freeAddresses = [...eni.freeAddresses, ...added];
    return { ...eni, totalCount: eni.totalCount + count, freeAddresses };
  }

  #withPrefixes(eni: PoolEni, count: number): PoolEni {
    const added = Array.from({ length: count }, () => ({
      prefix: `10.0.${this.#nextId++}.0/28`,
      reservedCount: 0,
      coolingCount: 0,
    }));
    return { ...eni, prefixes: [...(eni.prefixes ?? []), ...added] };
  }

  #serve(eni: PoolEni): PoolEni {
    if (this.#targets.assignmentMode === 'prefix') {
      return { ...eni, prefixes: (eni.prefixes ?? []).map((prefix) => this.#servePrefix(prefix)) };
    }
    const served = Math.min(eni.freeAddresses.length, this.#waitingCount);
    this.#waitingCount -= served;
    return {
      ...eni,
      reservedCount: eni.reservedCount + served,
      freeAddresses: eni.freeAddresses.slice(served),
    };
  }

  #servePrefix(prefix: PoolPrefix): PoolPrefix {
    const served = Math.min(16 - prefix.reservedCount, this.#waitingCount);
    this.#waitingCount -= served;
    return { ...prefix, reservedCount: prefix.reservedCount + served };
  }
}
