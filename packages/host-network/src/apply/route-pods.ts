import { FROM_POD_PRIORITY, podRules } from '../desired/describe-pod.ts';
import type { PodAttachment } from '../desired/settings.ts';
import { ipFamily } from '../ip.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { type Rule, ruleText } from '../netlink/rule.ts';

/** A pod by what decides its rules. */
export type RoutedPod = Pick<PodAttachment, 'address' | 'routeTableId'>;

/**
 * Gives pods their rules, and takes away those that send their packets to another table. What is right
 * stays untouched.
 */
export async function routePods(host: Netlink, pods: readonly RoutedPod[]): Promise<void> {
  const families = new Set(pods.map(({ address }) => ipFamily(address)));
  const lists = await Promise.all([...families].map((family) => host.rules.list(family)));
  const present = lists.flat().filter(({ priority }) => priority === FROM_POD_PRIORITY);
  for (const { address, routeTableId } of pods) {
    const rules = podRules(address, routeTableId);
    for (const rule of rules) host.rules.ensure(rule);
    const right = new Set(rules.map(ruleText));
    const isStale = (rule: Rule) => rule.from === address && !right.has(ruleText(rule));
    for (const rule of present.filter(isStale)) host.rules.delete(rule);
  }
}
