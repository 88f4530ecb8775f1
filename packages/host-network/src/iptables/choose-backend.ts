import type { IptablesBackend } from '../desired/host-facts.ts';
import { isOurs } from './owned-rules.ts';
import type { SavedTables } from './parse-iptables-save.ts';

/** What both families hold on one back-end; absent when the host has no programs for it. */
export type IptablesSides = Readonly<Partial<Record<IptablesBackend, readonly SavedTables[]>>>;

// Newer kubelets leave the first, all since 1.17 the second, in table mangle, to be found.
const KUBELET_CHAINS = ['KUBE-IPTABLES-HINT', 'KUBE-KUBELET-CANARY'];

/**
 * The back-end that the rest of the host uses, as Kubernetes' iptables-wrappers choose it: the one with
 * the kubelet's chains, nf_tables first; else the one with more rules; else nf_tables. Our own rules do
 * not count, or an early mistake would prove itself right.
 *
 * Once there is a choice, `current`, only Kubernetes' chains on the other side alone overrule it: other
 * programs' rules come and go.
 *
 * @returns undefined when there is no side at all.
 * @see https://github.com/kubernetes-sigs/iptables-wrappers
 */
export function chooseBackend(
  sides: IptablesSides,
  current?: IptablesBackend,
): IptablesBackend | undefined {
  const present = (['nf_tables', 'legacy'] as const).filter((name) => sides[name] !== undefined);
  const familiesOf = (name: IptablesBackend) => sides[name] ?? [];
  const withKubelet = present.find((name) => hasKubeletChains(familiesOf(name)));
  if (withKubelet !== undefined) return withKubelet;
  if (current !== undefined && present.includes(current)) {
    if (hasKubernetesChains(familiesOf(current))) return current;
    return present.find((name) => hasKubernetesChains(familiesOf(name))) ?? current;
  }
  const counted = present.map((name) => ({ name, count: countRules(familiesOf(name)) }));
  return counted.toSorted((a, b) => b.count - a.count)[0]?.name;
}

const hasKubeletChains = (families: readonly SavedTables[]) =>
  families.some((tables) => KUBELET_CHAINS.some((name) => tables.get('mangle')?.chains.has(name)));

const hasKubernetesChains = (families: readonly SavedTables[]) =>
  families.some((tables) =>
    [...tables.values()].some(({ chains }) => [...chains].some((name) => name.startsWith('KUBE-'))),
  );

const countRules = (families: readonly SavedTables[]) =>
  families
    .flatMap((tables) => [...tables])
    .flatMap(([table, { rules }]) => rules.filter((rule) => !isOurs(table, rule))).length;
