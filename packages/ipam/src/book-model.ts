import { COOLDOWN_MS, REST_MS } from './book-fixture.ts';
import type { EniId } from './eni-description.ts';
import type { IpAddress } from './ip-address.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { addressesOf, type Ipv4Prefix, isIpv4Prefix } from './ipv4-prefix.ts';

/**
 * The address book as one would write it without caring for speed, for the property test: a list of
 * addresses and a few filters.
 */
export interface Model {
  nowMs: number;
  /** Time that has certainly passed: steps back of the clock do not count. */
  elapsedMs: number;
  /** ENI number → network card. */
  readonly enis: Map<number, number>;
  readonly addresses: Map<IpAddress, ModelAddress>;
  /** What the book remembers. */
  readonly releasedAtMs: Map<IpAddress, number>;
  /** What really happened, in {@link elapsedMs}. */
  readonly releasedAtElapsedMs: Map<IpAddress, number>;
  readonly reservedAtMs: Map<Holder, number>;
  /** Held by a pod while no ENI has them. */
  readonly stranded: Map<IpAddress, Holder>;
  /** What EC2 was asked to take back without an answer, by intent. */
  readonly promised: Map<string, Promised>;
}

export interface Promised {
  readonly eni: number;
  readonly block: Ec2Block;
  /** The process that asked has died. */
  isInherited: boolean;
}

/** A pod on a network card. */
export type Holder = `${string}@${number}`;

export type State = 'free' | 'reserved' | 'cooling' | 'draining';

export interface ModelAddress {
  readonly eni: number;
  readonly prefix: Ipv4Prefix | undefined;
  state: State;
  idleSinceMs: number;
  isRested: boolean;
  heldBy: Holder | undefined;
}

export type Entry = readonly [IpAddress, ModelAddress];

/** The model knows IPv4 alone; for the /80s of IPv6 see sparse-prefixes.property.test.ts. */
export type Ec2Block = Ipv4Address | Ipv4Prefix;

/** The addresses of a block: one or sixteen. */
export const addressesIn = (block: Ec2Block): readonly Ipv4Address[] =>
  isIpv4Prefix(block) ? addressesOf(block) : [block];

export const eniIdOf = (number: number): EniId => `eni-${number}`;

export const entries = (model: Model, wanted: (found: ModelAddress) => boolean): readonly Entry[] =>
  [...model.addresses].filter(([, found]) => wanted(found));

export const cardOf = (model: Model, { eni }: ModelAddress): number => model.enis.get(eni) ?? -1;

export const prefixesOn = (model: Model, eni: number): readonly Ipv4Prefix[] => [
  ...new Set(
    entries(model, (found) => found.eni === eni).flatMap(([, { prefix }]) => prefix ?? []),
  ),
];

/** The addresses of a block, if the ENI has it as that block. */
export const blockOn = (model: Model, eni: number, block: Ec2Block): readonly Entry[] =>
  [...model.addresses].filter(
    ([address, found]) =>
      found.eni === eni &&
      (isIpv4Prefix(block) ? found.prefix === block : address === block && !found.prefix),
  );

/** Lets happen what time and the promises of a dead process do. */
export function settle(model: Model): void {
  for (const found of model.addresses.values()) {
    if (found.state === 'cooling' && model.nowMs >= found.idleSinceMs + COOLDOWN_MS) {
      found.state = 'free';
    }
  }
  for (const { eni, block, isInherited } of model.promised.values()) {
    const found = blockOn(model, eni, block).map(([, one]) => one);
    if (!isInherited || found.some(({ state }) => state !== 'free')) continue;
    for (const one of found) one.state = 'draining';
  }
  for (const found of model.addresses.values()) {
    found.isRested =
      found.state === 'free' && (found.isRested || model.nowMs >= found.idleSinceMs + REST_MS);
  }
}

export function passTime(model: Model, ms: number): void {
  model.nowMs += ms;
  model.elapsedMs += Math.max(0, ms);
  for (const found of model.addresses.values()) {
    found.idleSinceMs = Math.min(found.idleSinceMs, model.nowMs);
  }
  for (const [address, releasedAtMs] of model.releasedAtMs) {
    model.releasedAtMs.set(address, Math.min(releasedAtMs, model.nowMs));
  }
  settle(model);
}

/** Addresses as they enter the book: held by who held them, else cooling or free. */
export function enter(
  model: Model,
  {
    eni,
    prefix,
    addresses,
  }: {
    readonly eni: number;
    readonly prefix?: Ipv4Prefix;
    readonly addresses: readonly IpAddress[];
  },
): void {
  for (const address of addresses) {
    const heldBy = model.stranded.get(address);
    model.stranded.delete(address);
    model.addresses.set(address, {
      eni,
      prefix,
      state: heldBy === undefined ? 'cooling' : 'reserved',
      idleSinceMs: model.releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY,
      isRested: false,
      heldBy,
    });
  }
  settle(model);
}

/** EC2 takes addresses away, whoever holds them. */
export function lose(model: Model, lost: readonly Entry[]): void {
  for (const [address, { heldBy }] of lost) {
    if (heldBy !== undefined) model.stranded.set(address, heldBy);
    model.addresses.delete(address);
  }
}

export function reserve(model: Model, address: IpAddress, holder: Holder): void {
  const found = model.addresses.get(address);
  if (found === undefined) throw new Error(`${address} is not in the model`);
  found.state = 'reserved';
  found.isRested = false;
  found.heldBy = holder;
  model.releasedAtMs.delete(address);
  model.reservedAtMs.set(holder, model.nowMs);
}

export function release(model: Model, address: IpAddress): void {
  const found = model.addresses.get(address);
  if (found !== undefined) {
    found.state = 'cooling';
    found.idleSinceMs = model.nowMs;
    found.heldBy = undefined;
  }
  model.stranded.delete(address);
  model.releasedAtMs.set(address, model.nowMs);
  model.releasedAtElapsedMs.set(address, model.elapsedMs);
}

/** What a pod holds on a card: an address, and whether no ENI has it. */
export function heldBy(
  model: Model,
  holder: Holder,
): { readonly address: IpAddress; readonly isStranded: boolean } | undefined {
  const placed = entries(model, (found) => found.heldBy === holder)[0]?.[0];
  if (placed !== undefined) return { address: placed, isStranded: false };
  const stranded = [...model.stranded].find(([, held]) => held === holder)?.[0];
  return stranded === undefined ? undefined : { address: stranded, isStranded: true };
}

/** The addresses that the book may give away next on a card: more than one where the rule is silent. */
export function choices(model: Model, card: number): readonly IpAddress[] {
  const free = entries(model, (found) => found.state === 'free' && cardOf(model, found) === card);
  const rested = free.filter(([, { isRested }]) => isRested);
  if (rested.length === 0) return longestIdle(free);

  const reservedIn = (prefix: Ipv4Prefix | undefined) =>
    prefix === undefined
      ? 0
      : addressesOf(prefix).filter((one) => model.addresses.get(one)?.state === 'reserved').length;
  const fullest = Math.max(...rested.map(([, { prefix }]) => reservedIn(prefix)));
  const inFullest = rested.filter(([, { prefix }]) => reservedIn(prefix) === fullest);
  if (fullest > 0) return longestIdleByPrefix(inFullest);

  const singles = rested.filter(([, { prefix }]) => prefix === undefined);
  return singles.length > 0 ? longestIdle(singles) : longestIdleByPrefix(rested);
}

const longestIdle = (found: readonly Entry[]): readonly IpAddress[] => {
  const since = Math.min(...found.map(([, { idleSinceMs }]) => idleSinceMs));
  return found.filter(([, { idleSinceMs }]) => idleSinceMs === since).map(([address]) => address);
};

const longestIdleByPrefix = (found: readonly Entry[]): readonly IpAddress[] =>
  [...Map.groupBy(found, ([, { prefix }]) => prefix).values()].flatMap(longestIdle);

/** What the book should count, by recounting. */
export function recount(found: readonly Entry[]) {
  const inState = (state: State) => found.filter(([, one]) => one.state === state).length;
  return {
    totalCount: found.length,
    freeCount: inState('free'),
    reservedCount: inState('reserved'),
    coolingCount: inState('cooling'),
    drainingCount: inState('draining'),
  };
}
