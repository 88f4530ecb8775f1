import type { Action } from '../action.ts';
import type { InstanceLimits } from '../max-pods.ts';
import type { InFlightAction, PoolEni, PoolPrefix, PoolState, SubnetHint } from '../pool-state.ts';
import { PREFIX_SIZE } from '../prefix-size.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { type Plan, plan } from './plan.ts';

interface SimulatedAddress {
  readonly address: string;
  /** Of which it is one of sixteen. */
  readonly prefix?: string;
  state: 'free' | 'reserved' | 'cooling' | 'draining';
  releasedAtMs: number;
}

interface SimulatedEni {
  readonly eniId: string;
  readonly isPrimary: boolean;
  readonly attachedAtMs: number;
  addresses: SimulatedAddress[];
}

interface Job {
  readonly action: InFlightAction;
  readonly doneAtMs: number;
}

/** What a simulated node is made of. */
export interface SimulatedNodeOptions {
  readonly limits: InstanceLimits;
  readonly targets: WarmTargets;
  readonly maxPods: number;
  readonly addressCooldownMs?: number;
  /** How long EC2 takes for an action. Default: nothing. */
  readonly latencyMs?: number;
}

/**
 * A node that follows its plans: pods come and go, EC2 does what it is asked after a while.
 *
 * For tests of {@link plan}: it starts with a primary ENI without addresses and moves only when told.
 */
export class SimulatedNode {
  nowMs = 1_700_000_000_000;
  /** What the node knows of its subnet; all ENIs are in it. */
  subnet: Omit<SubnetHint, 'subnetId'> | undefined;
  /** Every action applied, in order. */
  readonly history: Action[] = [];
  readonly #options: SimulatedNodeOptions;
  #enis: SimulatedEni[];
  #jobs: Job[] = [];
  #waitingCount = 0;
  #lastReleasedAtMs: number | undefined;
  #nextId = 1;

  constructor(options: SimulatedNodeOptions) {
    this.#options = options;
    this.#enis = [{ eniId: 'eni-0', isPrimary: true, attachedAtMs: this.nowMs, addresses: [] }];
  }

  get podCount(): number {
    return this.#count('reserved') + this.#waitingCount;
  }

  /** Addresses per ENI, in the order the ENIs came. */
  get addressesPerEni(): readonly number[] {
    return this.#enis.map(({ addresses }) => addresses.length);
  }

  /** The same in units: single addresses and prefixes. */
  get slotsPerEni(): readonly (readonly [singles: number, prefixes: number])[] {
    return this.state().enis.map(({ totalCount, prefixes = [] }) => [totalCount, prefixes.length]);
  }

  startPods(count: number): void {
    this.#waitingCount += count;
    this.#servePods();
  }

  stopPods(count: number): void {
    for (let pod = 0; pod < count && this.podCount > 0; pod++) {
      const held = this.#addresses().find(({ state }) => state === 'reserved');
      if (held === undefined) {
        this.#waitingCount -= 1;
      } else {
        held.state = 'cooling';
        held.releasedAtMs = this.nowMs;
        this.#lastReleasedAtMs = this.nowMs;
      }
    }
  }

  /** Lets time pass: EC2 finishes what it had to do and addresses cool. */
  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.#jobs.filter(({ doneAtMs }) => doneAtMs <= this.nowMs);
    this.#jobs = this.#jobs.filter((job) => !due.includes(job));
    for (const { action } of due) {
      this.#finish(action);
    }
    for (const address of this.#addresses()) {
      if (address.state === 'cooling' && this.#cooledAtMs(address) <= this.nowMs) {
        address.state = 'free';
      }
    }
    this.#servePods();
  }

  /** Plans once and starts what the plan says. */
  step(): Plan {
    const { targets, limits, latencyMs = 0 } = this.#options;
    const made = plan(this.state(), targets, limits, this.nowMs);
    for (const action of made.actions) {
      if (action.kind !== 'wait') {
        this.history.push(action);
        this.#begin(action);
        this.#jobs.push({ action, doneAtMs: this.nowMs + latencyMs });
      }
    }
    this.pass(0);
    return made;
  }

  /**
   * Goes on, a quarter of a second at a time at first and then from wait to wait, until neither
   * plan nor time changes anything any more.
   *
   * @throws when that takes more than `maxSteps`.
   */
  settle(maxSteps = 500): void {
    for (let step = 0; step < maxSteps; step++) {
      const { actions } = this.step();
      const instants = [
        ...actions.flatMap((action) => (action.kind === 'wait' ? [action.untilMs] : [])),
        ...this.#jobs.map(({ doneAtMs }) => doneAtMs),
        ...this.#addresses()
          .filter(({ state }) => state === 'cooling')
          .map((address) => this.#cooledAtMs(address)),
      ].filter((instant) => instant > this.nowMs);
      const hasWork = actions.some(({ kind }) => kind !== 'wait');
      if (!hasWork && instants.length === 0) {
        return;
      }
      this.pass(hasWork ? 250 : Math.min(...instants) - this.nowMs);
    }
    throw new Error(`the node was still changing after ${maxSteps} steps`);
  }

  state(): PoolState {
    const cooling = this.#addresses().filter(({ state }) => state === 'cooling');
    return {
      enis: this.#enis.map((eni) => ({
        ...snapshotOf(eni),
        ...(this.subnet === undefined ? {} : { subnetId: SUBNET_ID }),
      })),
      ...(this.subnet === undefined ? {} : { subnets: [{ subnetId: SUBNET_ID, ...this.subnet }] }),
      waitingCount: this.#waitingCount,
      inFlight: this.#jobs.map(({ action }) => action),
      maxPods: this.#options.maxPods,
      ...(cooling.length === 0
        ? {}
        : { nextCooledAtMs: Math.min(...cooling.map((address) => this.#cooledAtMs(address))) }),
      ...(this.#lastReleasedAtMs === undefined ? {} : { lastReleasedAtMs: this.#lastReleasedAtMs }),
    };
  }

  #begin(action: Action): void {
    if (action.kind === 'unassign-addresses') {
      this.#drain(action.eniId, action.addresses);
    } else if (action.kind === 'unassign-prefixes') {
      this.#drain(action.eniId, this.#inPrefixes(action.eniId, action.prefixes));
    } else if (action.kind === 'delete-eni') {
      this.#drain(
        action.eniId,
        this.#eni(action.eniId).addresses.map(({ address }) => address),
      );
    }
  }

  #drain(eniId: string, addresses: readonly string[]): void {
    for (const address of this.#eni(eniId).addresses) {
      if (addresses.includes(address.address)) {
        if (address.state !== 'free') {
          throw new Error(`${address.address} was to be given back while ${address.state}`);
        }
        address.state = 'draining';
      }
    }
  }

  #finish(action: InFlightAction): void {
    switch (action.kind) {
      case 'create-eni':
        this.#attach(this.#newAddresses(action.addressCount));
        break;
      case 'create-eni-with-prefixes':
        this.#attach(this.#newPrefixes(action.prefixCount));
        break;
      case 'assign-prefixes':
        this.#eni(action.eniId).addresses.push(...this.#newPrefixes(action.prefixCount));
        break;
      case 'assign-addresses':
        this.#eni(action.eniId).addresses.push(...this.#newAddresses(action.count));
        break;
      case 'unassign-addresses':
        this.#remove(action.eniId, action.addresses);
        break;
      case 'unassign-prefixes':
        this.#remove(action.eniId, this.#inPrefixes(action.eniId, action.prefixes));
        break;
      case 'delete-eni':
        this.#enis = this.#enis.filter(({ eniId }) => eniId !== action.eniId);
        break;
    }
  }

  #attach(addresses: SimulatedAddress[]): void {
    const eniId = `eni-${this.#nextId++}`;
    this.#enis.push({ eniId, isPrimary: false, attachedAtMs: this.nowMs, addresses });
  }

  #remove(eniId: string, addresses: readonly string[]): void {
    const eni = this.#eni(eniId);
    eni.addresses = eni.addresses.filter(({ address }) => !addresses.includes(address));
  }

  #inPrefixes(eniId: string, prefixes: readonly string[]): readonly string[] {
    return this.#eni(eniId)
      .addresses.filter(({ prefix }) => prefix !== undefined && prefixes.includes(prefix))
      .map(({ address }) => address);
  }

  #newPrefixes(count: number): SimulatedAddress[] {
    return Array.from({ length: count }, () => `10.0.0.${this.#nextId++}/28`).flatMap((prefix) =>
      this.#newAddresses(PREFIX_SIZE).map((address) => ({ ...address, prefix })),
    );
  }

  #newAddresses(count: number): SimulatedAddress[] {
    return Array.from({ length: count }, () => ({
      address: `10.0.0.${this.#nextId++}`,
      state: 'free',
      releasedAtMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Longest idle first, as the address book does it. */
  #servePods(): void {
    const free = this.#addresses()
      .filter(({ state }) => state === 'free')
      .sort((a, b) => a.releasedAtMs - b.releasedAtMs);
    for (const address of free.slice(0, this.#waitingCount)) {
      address.state = 'reserved';
      this.#waitingCount -= 1;
    }
  }

  #addresses(): readonly SimulatedAddress[] {
    return this.#enis.flatMap(({ addresses }) => addresses);
  }

  #count(wanted: SimulatedAddress['state']): number {
    return this.#addresses().filter(({ state }) => state === wanted).length;
  }

  #cooledAtMs({ releasedAtMs }: SimulatedAddress): number {
    return releasedAtMs + (this.#options.addressCooldownMs ?? 30_000);
  }

  #eni(eniId: string): SimulatedEni {
    const found = this.#enis.find((eni) => eni.eniId === eniId);
    if (found === undefined) {
      throw new Error(`${eniId} is not on the node`);
    }
    return found;
  }
}

function snapshotOf({ eniId, isPrimary, attachedAtMs, addresses }: SimulatedEni): PoolEni {
  const singles = addresses.filter(({ prefix }) => prefix === undefined);
  const byPrefix = Map.groupBy(addresses, ({ prefix }) => prefix);
  return {
    eniId,
    isPrimary,
    attachedAtMs,
    totalCount: singles.length,
    reservedCount: countOf(singles, 'reserved'),
    coolingCount: countOf(singles, 'cooling'),
    drainingCount: countOf(singles, 'draining'),
    freeAddresses: singles
      .filter(({ state }) => state === 'free')
      .sort((a, b) => a.releasedAtMs - b.releasedAtMs)
      .map(({ address }) => address),
    prefixes: [...byPrefix].flatMap(([prefix, members]): readonly PoolPrefix[] =>
      prefix === undefined
        ? []
        : [
            {
              prefix,
              reservedCount: countOf(members, 'reserved'),
              coolingCount: countOf(members, 'cooling'),
              isDraining: countOf(members, 'draining') > 0,
            },
          ],
    ),
  };
}

const countOf = (addresses: readonly SimulatedAddress[], wanted: SimulatedAddress['state']) =>
  addresses.filter(({ state }) => state === wanted).length;

const SUBNET_ID = 'subnet-1';
