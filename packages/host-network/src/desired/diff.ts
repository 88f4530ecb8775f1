import { type IpAddress, ipFamily } from '../ip.ts';
import type { LinkAddress } from '../netlink/address.ts';
import type { Link, LinkChange } from '../netlink/link.ts';
import { type Route, routeFamily, routeText } from '../netlink/route.ts';
import { type Rule, type RuleSelector, ruleFamily, ruleText } from '../netlink/rule.ts';
import type { NetworkChange } from './network-change.ts';
import type { DesiredLink, NetworkDescription, RuleClaim } from './network-description.ts';
import type { NetworkState } from './network-state.ts';

/**
 * The steps from what is to what must be, in an order in which they can be done; none when all is well.
 *
 * Where the state was not read, the steps are such that they hold whatever is there. Links that are
 * missing are only made when they are VLANs; of any other missing link the one step says that it is
 * missing, and what would be on it is left out.
 *
 * @param macOf hardware addresses of links in other namespaces, for neighbour entries that name them.
 */
export function diff(
  actual: NetworkState,
  desired: NetworkDescription,
  macOf: ReadonlyMap<string, string> = new Map(),
): readonly NetworkChange[] {
  const links = diffLinks(actual, desired);
  const absent = new Set(links.flatMap((change) => (isMissing(change) ? [change.link.name] : [])));
  const isThere = ({ linkName }: { readonly linkName?: string }) =>
    linkName === undefined || !absent.has(linkName);
  const addresses = diffAddresses(actual, desired).filter(({ address }) => isThere(address));
  const touched = new Set([
    ...addresses.map(({ address }) => address.linkName),
    ...links.flatMap(({ verb, link }) => (verb === 'recreate' ? [link.name] : [])),
  ]);
  const made = links.filter(({ verb }) => verb !== 'change');
  return [
    ...made,
    // Before the link goes up, or it may listen to router advertisements for a moment.
    ...diffSysctls(
      actual,
      desired,
      made.map(({ link }) => link.name),
    ),
    ...links.filter(({ verb }) => verb === 'change'),
    ...addresses,
    ...diffRoutes(actual, desired, touched).filter(({ route }) => isThere(route)),
    ...diffRules(actual, desired),
    ...diffNeighbours(actual, desired, macOf).filter(({ neighbour }) => isThere(neighbour)),
  ];
}

type Of<Kind extends NetworkChange['kind']> = Extract<NetworkChange, { readonly kind: Kind }>;

/** True for a change that nobody can make: the link is another's to create. */
export const isMissing = (
  change: NetworkChange,
): change is NetworkChange & { readonly kind: 'link'; readonly verb: 'create' } =>
  change.kind === 'link' && change.verb === 'create' && change.link.vlan === undefined;

/** A file that the kernel does not have may be missing, unless it is about to appear with its link. */
function diffSysctls(
  { sysctls }: NetworkState,
  desired: NetworkDescription,
  madeLinks: readonly string[],
): Of<'sysctl'>[] {
  const present = new Map(sysctls?.map(({ key, value }) => [key, value]));
  const isExcused = (key: string) =>
    present.has(key) &&
    present.get(key) === undefined &&
    !madeLinks.some((name) => key.includes(`/${name}/`));
  return desired.sysctls
    .filter(({ key, value }) => present.get(key) !== value)
    .filter(({ key, isOptional }) => !(isOptional && isExcused(key)))
    .map((sysctl) => ({ kind: 'sysctl', verb: 'write', sysctl }));
}

function diffLinks({ links }: NetworkState, desired: NetworkDescription): Of<'link'>[] {
  return desired.links.flatMap((link): Of<'link'>[] => {
    const present = links.find(({ name }) => name === link.name);
    if (present !== undefined && isOfItsKind(present, link)) {
      const change = linkChange(present, link);
      const isRight = Object.keys(change).length === 0;
      return isRight ? [] : [{ kind: 'link', verb: 'change', link, change }];
    }
    if (link.vlan === undefined) return [{ kind: 'link', verb: 'create', link }];
    const verb = present === undefined ? 'create' : 'recreate';
    const change = { isUp: link.isUp };
    return [
      { kind: 'link', verb, link },
      { kind: 'link', verb: 'change', link, change },
    ];
  });
}

const isOfItsKind = (present: Link, { kind, vlan }: DesiredLink) =>
  (kind === undefined || kind === present.kind) &&
  (vlan === undefined || (present.vlanId === vlan.id && present.parentIndex === vlan.parentIndex));

const linkChange = (present: Link, { isUp, mtuBytes, vlan }: DesiredLink): LinkChange => ({
  ...(mtuBytes === undefined || present.mtuBytes === mtuBytes ? {} : { mtuBytes }),
  ...(vlan === undefined || present.mac === vlan.mac.toLowerCase() ? {} : { mac: vlan.mac }),
  ...(present.isUp === isUp ? {} : { isUp }),
});

function diffAddresses(
  { addresses = [] }: NetworkState,
  desired: NetworkDescription,
): Of<'address'>[] {
  const isDesired = (address: LinkAddress) =>
    desired.addresses.some((wanted) => isSameAddress(wanted, address));
  const isClaimed = ({ scope, address, linkName }: LinkAddress) =>
    scope === 'global' &&
    desired.claims.addresses.some(
      (claim) => claim.linkName === linkName && claim.family === ipFamily(address),
    );
  const stale = addresses.filter((address) => isClaimed(address) && !isDesired(address));
  const missing = desired.addresses.filter(
    (wanted) => !addresses.some((address) => isSameAddress(wanted, address)),
  );
  return [
    ...stale.map((address) => ({ kind: 'address', verb: 'delete', address }) as const),
    ...missing.map((address) => ({ kind: 'address', verb: 'add', address }) as const),
  ];
}

const isSameAddress = (a: LinkAddress, b: LinkAddress) =>
  a.address === b.address && a.prefixLength === b.prefixLength && a.linkName === b.linkName;

/**
 * With a link's last address the kernel drops its routes, and with a new one it adds some: those of
 * `touched` links are made again, and taken away, whatever was seen.
 */
function diffRoutes(
  { routes }: NetworkState,
  desired: NetworkDescription,
  touched: ReadonlySet<string>,
): Of<'route'>[] {
  const present = routes?.map((route) => ({ place: placeText(route), text: routeText(route) }));
  const isTouched = ({ linkName }: Route) => linkName !== undefined && touched.has(linkName);
  const claimed = new Set(desired.claims.routes.map(placeText));
  const wanted = desired.routes.flatMap((route): Of<'route'>[] => {
    const there = present?.filter(({ place }) => place === placeText(route));
    const isFree = there?.length === 0 && !(isTouched(route) && claimed.has(placeText(route)));
    if (isFree) return [{ kind: 'route', verb: 'add', route }];
    const isRight = there?.length === 1 && there[0]?.text === routeText(route);
    return isRight && !isTouched(route) ? [] : [{ kind: 'route', verb: 'replace', route }];
  });
  const unwanted = desired.claims.routes.filter((route) => {
    const isPresent = present?.some(({ text }) => text === routeText(route)) ?? true;
    return isPresent || isTouched(route);
  });
  return [
    ...wanted,
    ...unwanted.map((route) => ({ kind: 'route', verb: 'delete', route }) as const),
  ];
}

/** What a table can hold one route for. */
const placeText = (route: Route) =>
  [routeFamily(route), route.tableId, route.destination, route.metric ?? ''].join(' ');

function diffRules({ rules }: NetworkState, desired: NetworkDescription): Of<'rule'>[] {
  const add = (rule: Rule) => ({ kind: 'rule', verb: 'add', rule }) as const;
  if (rules === undefined) {
    const cleared = desired.claims.rules.map(({ having: _, ...rule }) => rule);
    return [
      ...cleared.map((rule) => ({ kind: 'rule', verb: 'clear', rule }) as const),
      ...desired.rules.map(add),
    ];
  }
  const key = (rule: RuleSelector) => `${ruleFamily(rule)} ${ruleText(rule)}`;
  const wanted = new Set(desired.rules.map(key));
  const present = new Set(rules.map(key));
  const seen = new Set<string>();
  const stale = rules.filter((rule) => {
    const isTwin = seen.has(key(rule));
    seen.add(key(rule));
    return (isTwin || !wanted.has(key(rule))) && desired.claims.rules.some(claims(rule));
  });
  // The right one first: there is no moment without. But to the kernel, a rule that leaves things out is the same
  // as any that says more, whether it is to be added or deleted: what that may have hit is added once more.
  const endangered = desired.rules.filter((rule) =>
    stale.some((gone) => matches(gone, rule) || matches(rule, gone)),
  );
  return [
    ...desired.rules.filter((rule) => !present.has(key(rule))).map(add),
    ...stale.map((rule) => ({ kind: 'rule', verb: 'delete', rule }) as const),
    ...endangered.map(add),
  ];
}

const claims =
  (rule: Rule) =>
  ({ having, ...selector }: RuleClaim): boolean =>
    matches(selector, rule) && (having === undefined || rule[having] !== undefined);

/** As the kernel matches a rule to be deleted: what the selector leaves out matches anything. */
export const matches = (selector: RuleSelector, rule: Rule): boolean =>
  ruleFamily(selector) === ruleFamily(rule) &&
  (
    [
      'priority',
      'from',
      'to',
      'inputLinkName',
      'mark',
      'markMask',
      'ipProtocol',
      'tableId',
    ] as const
  ).every((name) => selector[name] === undefined || selector[name] === rule[name]);

function diffNeighbours(
  { links, neighbours = [] }: NetworkState,
  desired: NetworkDescription,
  macOf: ReadonlyMap<string, string>,
): Of<'neighbour'>[] {
  const macs = new Map([...links.map(({ name, mac }) => [name, mac] as const), ...macOf]);
  return desired.neighbours.flatMap(({ macOfLink, ...place }): Of<'neighbour'>[] => {
    const mac = macs.get(macOfLink);
    // That the link is missing is told where it should be.
    if (mac === undefined) return [];
    const isThere = neighbours.some((entry) => isSamePlace(entry, place) && entry.mac === mac);
    return isThere ? [] : [{ kind: 'neighbour', verb: 'replace', neighbour: { ...place, mac } }];
  });
}

interface Place {
  readonly address: IpAddress;
  readonly linkName: string;
}

const isSamePlace = (a: Place, b: Place) => a.address === b.address && a.linkName === b.linkName;
