import type { Action } from './action.ts';
import type { GrowthReason, ReturnReason } from './action-reason.ts';
import type { Refusal } from './refusal.ts';

/**
 * One English sentence that tells an operator what an action does, and why.
 *
 * @param nowMs Unix milliseconds, as given to the plan.
 */
export function explainAction(action: Action, nowMs: number): string {
  switch (action.kind) {
    case 'create-eni':
      return `Create an ENI with ${addresses(action.addressCount)}${where(action)}: ${growth[action.reason]}.`;
    case 'create-eni-with-prefixes':
      return `Create an ENI with ${prefixes(action.prefixCount)}${where(action)}: ${growth[action.reason]}.`;
    case 'assign-addresses':
      return `Assign ${addresses(action.count)} to ${action.eniId}: ${growth[action.reason]}.`;
    case 'assign-prefixes':
      return `Assign ${prefixes(action.prefixCount)} to ${action.eniId}: ${growth[action.reason]}.`;
    case 'unassign-addresses':
      return `Give ${addresses(action.addresses.length)} of ${action.eniId} back: ${giving[action.reason]}.`;
    case 'unassign-prefixes':
      return `Give ${prefixes(action.prefixes.length)} of ${action.eniId} back: ${giving[action.reason]}.`;
    case 'delete-eni':
      return `Delete ${action.eniId}: ${deletion[action.reason]}.`;
    case 'wait':
      return `Look again in ${seconds(action.untilMs - nowMs)} (${action.reason}).`;
  }
}

/**
 * One English sentence that tells an operator what is not done, and why.
 *
 * @param nowMs Unix milliseconds, as given to the plan.
 */
export function explainRefusal(refusal: Refusal, nowMs: number): string {
  switch (refusal.reason) {
    case 'eni-limit':
      return `${missing(refusal)}: the ENIs are full, and ${refusal.eniCount} of at most ${refusal.eniLimit} are in use.`;
    case 'at-max-pods':
      return `${missing(refusal)}: the node runs at most ${count(refusal.maxPods, 'pod')}, and holds no more than ${addresses(refusal.ceilingCount)}.`;
    case 'subnet-full':
      return `${missing(refusal)}: the subnets have no free address${lasting(', asked again in', refusal, nowMs)}.`;
    case 'no-free-prefix':
      return `${missing(refusal)} as prefixes: the subnets have no free /28. Single addresses make up for them.`;
    case 'throttled':
      return `${undone(refusal)}: EC2 limits the calls of this node, for another ${seconds(refusal.untilMs - nowMs)}.`;
    case 'not-schedulable':
      return `${undone(refusal)}: the node is cordoned.`;
    case 'terminating':
      return `${undone(refusal)}: the daemon is shutting down.`;
    case 'in-flight':
      return `${missing(refusal)} yet: ${refusal.eniId ?? 'an ENI being created'} will have room when the action under way is done.`;
    case 'cooling':
      return refusal.eniId === undefined
        ? `Pods wait for ${addresses(refusal.coolingCount)} to cool down${lasting(', the first for another', refusal, nowMs)}.`
        : `${refusal.eniId} stays${lasting(' for another', refusal, nowMs)}: ${addresses(refusal.coolingCount)} of it must cool down.`;
    case 'eni-too-young':
      return `${refusal.eniId} stays for another ${seconds(refusal.untilMs - nowMs)}: it is less than a minute old.`;
    case 'recent-arrivals':
      return `${missing(refusal)} yet: pods arrive, and the next call, within ${seconds(refusal.untilMs - nowMs)}, asks for all of them.`;
    case 'recent-churn':
      return `${refusal.eniId === undefined ? 'Surplus' : `${refusal.eniId} with its surplus`} of ${addresses(refusal.keptCount)} stays${lasting(' for another', refusal, nowMs)}: the next pods are likely to need it.`;
  }
}

const growth: Readonly<Record<GrowthReason, string>> = {
  'pods-waiting': 'pods wait for an address',
  'below-warm-enis': 'fewer addresses are free than WARM_ENI_TARGET asks for',
  'below-warm-ips': 'fewer addresses are free than WARM_IP_TARGET asks for',
  'below-warm-prefixes': 'fewer addresses are free than WARM_PREFIX_TARGET asks for',
  'below-minimum': 'the node holds fewer addresses than MINIMUM_IP_TARGET asks for',
  'replaces-leftovers': 'what the other assignment mode has left can go then',
  'no-ipv6-prefix': 'with IPv6 every ENI has a prefix',
};

const giving: Readonly<Record<ReturnReason, string>> = {
  'above-targets': 'more is free than the targets ask for',
  leftover: 'the other assignment mode has left it',
  unusable: 'no pod may get an address of this ENI',
};

const deletion = {
  'idle-eni': 'it serves no pod, and the others meet the targets',
  drained: 'it serves no pod, and an earlier attempt has failed',
  unusable: 'it serves no pod, and no pod may get an address of it',
};

const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number} ${number === 1 ? noun : plural}`;

const addresses = (number: number): string => count(number, 'address', 'addresses');

const prefixes = (number: number): string => count(number, 'prefix', 'prefixes');

const missing = ({ missingCount }: { readonly missingCount: number }): string =>
  `${addresses(missingCount)} cannot be had`;

function undone({
  missingCount,
  surplusCount,
}: {
  readonly missingCount: number;
  readonly surplusCount: number;
}): string {
  return `${addresses(missingCount)} not asked for, ${surplusCount} not given back`;
}

function where({
  networkCardIndex = 0,
  subnetId,
}: {
  readonly networkCardIndex?: number;
  readonly subnetId?: string;
}): string {
  const onCard = networkCardIndex === 0 ? '' : ` on network card ${networkCardIndex}`;
  return subnetId === undefined ? onCard : `${onCard} in ${subnetId}`;
}

const lasting = (
  words: string,
  { untilMs }: { readonly untilMs?: number },
  nowMs: number,
): string => (untilMs === undefined ? '' : `${words} ${seconds(untilMs - nowMs)}`);

const seconds = (ms: number): string => `${Math.max(0, Math.ceil(ms / 1_000))} s`;
