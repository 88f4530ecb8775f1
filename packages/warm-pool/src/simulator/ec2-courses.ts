import type { Course } from './clock.ts';
import type { Ec2Call } from './ec2.ts';
import type { Node } from './node.ts';
import type { Eni, PooledAddress } from './pooled-eni.ts';

/** How an attempt to change the pool ended. */
export type Outcome = 'done' | 'throttled' | 'subnet-full' | 'no-free-prefix';

/** EC2 as one daemon calls it, its own retries and rate limit included; false: throttled to the end. */
export type Caller = (action: Ec2Call) => Course<boolean>;

/** What a new ENI, or an ENI that has room, is to get. */
export type Order =
  | { readonly kind: 'addresses'; readonly count: number }
  | { readonly kind: 'prefixes'; readonly count: number };

/** A daemon's way of doing things with EC2. */
export interface Hands {
  readonly node: Node;
  readonly caller: Caller;
  /** Calls before a new ENI is asked for. */
  readonly beforeCreate: readonly Ec2Call[];
  /** Calls before a new ENI is used. */
  readonly afterAttach: readonly Ec2Call[];
  /** When the daemon notices that something has come to pass that takes this long, in ms. */
  noticedAfterMs(delayMs: number): number;
}

/** Creates and attaches an ENI with all that is ordered, or none of it. */
export function* createEni(hands: Hands, order: Order): Course<Outcome> {
  const { node, caller, beforeCreate, afterAttach } = hands;
  for (const action of [...beforeCreate, 'CreateNetworkInterface'] as const) {
    if (!(yield* caller(action))) {
      return 'throttled';
    }
  }
  const primary = node.subnet.takeAddresses(1);
  const texts = primary && take(node, order);
  if (primary === undefined || texts === undefined) {
    giveBack(node, { kind: 'addresses', texts: primary ?? [] });
    return primary === undefined ? 'subnet-full' : refusalOf(order);
  }
  for (const action of ATTACHMENT) {
    if (!(yield* caller(action))) {
      yield* caller('DeleteNetworkInterface');
      giveBack(node, { kind: 'addresses', texts: primary });
      giveBack(node, { kind: order.kind, texts });
      return 'throttled';
    }
  }
  yield hands.noticedAfterMs(node.ec2.config.attachDelayMs);
  for (const action of afterAttach) {
    yield* caller(action);
  }
  const eni = node.pool.addEni({
    eniId: node.nextEniId(),
    subnetId: node.subnetId,
    primaryAddress: primary.join(),
    isPrimary: false,
    attachedAtMs: node.clock.nowMs,
  });
  put(node, eni, { kind: order.kind, texts });
  return 'done';
}

/** Look for a free slot, attach, and have it deleted with the instance. */
const ATTACHMENT = [
  'DescribeInstances',
  'AttachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
] as const;

/** Adds all that is ordered to an ENI, or none of it. */
export function* assign({ node, caller }: Hands, eni: Eni, order: Order): Course<Outcome> {
  if (!(yield* caller('AssignPrivateIpAddresses'))) {
    return 'throttled';
  }
  const texts = take(node, order);
  if (texts === undefined) {
    return refusalOf(order);
  }
  put(node, eni, { kind: order.kind, texts });
  return 'done';
}

/** Gives drained addresses, or all those of drained prefixes, back to EC2. */
export function* unassign(
  { node, caller }: Hands,
  addresses: readonly PooledAddress[],
): Course<Outcome> {
  if (!(yield* caller('UnassignPrivateIpAddresses'))) {
    return 'throttled';
  }
  removeFromNode(node, addresses);
  return 'done';
}

/** Drained addresses leave the node for the subnet. */
export function removeFromNode(node: Node, addresses: readonly PooledAddress[]): void {
  node.pool.removeDrained(addresses);
  const prefixes = new Set<string>();
  for (const { text, block } of addresses) {
    if (block.prefix === undefined) {
      node.subnet.giveBackAddress(text);
    } else {
      prefixes.add(block.prefix);
    }
  }
  giveBack(node, { kind: 'prefixes', texts: [...prefixes] });
}

/** An ENI whose addresses are all drained is gone. */
export function forgetEni(node: Node, eni: Eni): void {
  removeFromNode(node, eni.addresses);
  node.pool.removeEni(eni);
  node.subnet.giveBackAddress(eni.facts.primaryAddress);
}

/** EC2 tells a subnet without a free /28 from one without a free address. */
const refusalOf = ({ kind }: Order): Outcome =>
  kind === 'prefixes' ? 'no-free-prefix' : 'subnet-full';

interface Batch {
  readonly kind: Order['kind'];
  readonly texts: readonly string[];
}

const take = ({ subnet }: Node, { kind, count }: Order): readonly string[] | undefined =>
  kind === 'addresses' ? subnet.takeAddresses(count) : subnet.takePrefixes(count);

const put = ({ pool }: Node, eni: Eni, { kind, texts }: Batch): void =>
  kind === 'addresses' ? pool.addAddresses(eni, texts) : pool.addPrefixes(eni, texts);

function giveBack({ subnet }: Node, { kind, texts }: Batch): void {
  for (const text of texts) {
    if (kind === 'addresses') {
      subnet.giveBackAddress(text);
    } else {
      subnet.giveBackPrefix(text);
    }
  }
}
