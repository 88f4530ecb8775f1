import type { NetworkDescription, RuleClaim } from '../desired/network-description.ts';
import type { NetworkState } from '../desired/network-state.ts';
import { type IpAddress, type IpFamily, ipFamily } from '../ip.ts';
import type { LinkAddress } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import type { Neighbour } from '../netlink/neighbour.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { type Route, routeFamily } from '../netlink/route.ts';
import { type Rule, type RuleSelector, ruleFamily } from '../netlink/rule.ts';
import { inNetns } from '../netns/in-netns.ts';
import { readSysctl } from './sysctl.ts';

/** Reads what a description is about, so that the two can be compared. */
export interface Observer {
  observe(description: NetworkDescription): Promise<NetworkState>;
  /** The default routes of a table. */
  defaultRoutes(tableId: number, family: IpFamily): Promise<readonly Route[]>;
}

/**
 * Looks at one network namespace. Each table of routes and rules is read once, however many descriptions
 * are compared with it, so an observer is good for one pass.
 *
 * @param netnsPath of the namespace, unless it is the calling thread's.
 */
export function createObserver(netlink: Netlink, netnsPath?: string): Observer {
  const tables = readTablesOnce(netlink);
  return {
    observe: async (description) => {
      const links = description.links.flatMap(({ name }) => netlink.links.find({ name }) ?? []);
      const lists = links.map((link) => readLink(netlink, link, description));
      const onLinks = await Promise.all(lists);
      return {
        links,
        sysctls: readSysctls(description, netnsPath),
        addresses: onLinks.flatMap(({ addresses }) => addresses),
        routes: nameLinks(await tables.routesAbout(description), links),
        rules: await tables.rulesAbout(description),
        neighbours: onLinks.flatMap(({ neighbours }) => neighbours),
      };
    },
    defaultRoutes: tables.defaultRoutes,
  };
}

async function readLink(
  { addresses, neighbours }: Netlink,
  link: Link,
  description: NetworkDescription,
): Promise<{ addresses: readonly LinkAddress[]; neighbours: readonly Neighbour[] }> {
  const isHere = ({ linkName }: { readonly linkName: string }) => linkName === link.name;
  const familyOf = ({ address }: { readonly address: IpAddress }) => ipFamily(address);
  const addressFamilies = new Set([
    ...description.addresses.filter(isHere).map(familyOf),
    ...description.claims.addresses.filter(isHere).map(({ family }) => family),
  ]);
  const neighbourFamilies = new Set(description.neighbours.filter(isHere).map(familyOf));
  const addressLists = [...addressFamilies].map((family) => addresses.list(link.index, family));
  const neighbourLists = [...neighbourFamilies].map((family) =>
    neighbours.list(link.index, link.name, family),
  );
  // Awaited together: where one fails because its namespace has gone, all do.
  const [foundAddresses, foundNeighbours] = await Promise.all([
    Promise.all(addressLists),
    Promise.all(neighbourLists),
  ]);
  return {
    // The kernel names labels, not links, and none for IPv6.
    addresses: foundAddresses.flat().map((address) => ({ ...address, linkName: link.name })),
    neighbours: foundNeighbours.flat(),
  };
}

function readTablesOnce({ routes, rules }: Netlink) {
  const routesOf = remember(async (tableId: number, family: IpFamily) =>
    groupBy(await routes.list(tableId, undefined, family, linkNumber), ({ destination }) => [
      destination,
    ]),
  );
  const rulesOf = remember(async (family: IpFamily) =>
    groupBy(await rules.list(family), subjectsOf),
  );
  return {
    defaultRoutes: async (tableId: number, family: IpFamily): Promise<readonly Route[]> =>
      (await routesOf(tableId, family)).get('default') ?? [],
    routesAbout: async (description: NetworkDescription): Promise<readonly Route[]> => {
      const found = new Set<Route>();
      for (const route of [...description.routes, ...description.claims.routes]) {
        const table = await routesOf(route.tableId, routeFamily(route));
        for (const there of table.get(route.destination) ?? []) found.add(there);
      }
      return [...found];
    },
    rulesAbout: async (description: NetworkDescription): Promise<readonly Rule[]> => {
      const found = new Set<Rule>();
      for (const selector of [...description.rules, ...description.claims.rules]) {
        const all = await rulesOf(ruleFamily(selector));
        for (const there of all.get(narrowestSubject(selector)) ?? []) found.add(there);
      }
      return [...found];
    },
  };
}

const linkNumber = (index: number) => `#${index}`;

/** Links that the description does not know keep their number. */
function nameLinks(routes: readonly Route[], links: readonly Link[]): readonly Route[] {
  const names = new Map(links.map(({ index, name }) => [linkNumber(index), name]));
  return routes.map((route) => {
    const name = names.get(route.linkName ?? '');
    return name === undefined ? route : { ...route, linkName: name };
  });
}

/** Asks once for each combination of arguments. */
function remember<Args extends readonly (string | number)[], T>(
  ask: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (...args) => {
    const key = args.join(' ');
    const answer = answers.get(key) ?? ask(...args);
    answers.set(key, answer);
    return answer;
  };
}

function groupBy<T>(
  all: readonly T[],
  keysOf: (one: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    for (const key of keysOf(one)) {
      const group = groups.get(key) ?? [];
      group.push(one);
      groups.set(key, group);
    }
  }
  return groups;
}

function readSysctls({ sysctls }: NetworkDescription, netnsPath: string | undefined) {
  const read = () => sysctls.map(({ key }) => ({ key, value: readSysctl(key) }));
  if (sysctls.length === 0) return [];
  return netnsPath === undefined ? read() : inNetns(netnsPath, read);
}

// By what a rule is found quickly among thousands; every rule is found by its priority.
const subjectsOf = (rule: Rule): readonly string[] => [
  `priority ${rule.priority}`,
  ...(rule.from === undefined ? [] : [`from ${rule.from}`]),
  ...(rule.to === undefined ? [] : [`to ${rule.to}`]),
  ...(rule.inputLinkName === undefined ? [] : [`iif ${rule.inputLinkName}`]),
];

function narrowestSubject({ from, to, inputLinkName, priority }: RuleSelector | RuleClaim): string {
  if (from !== undefined) return `from ${from}`;
  if (to !== undefined) return `to ${to}`;
  if (inputLinkName !== undefined) return `iif ${inputLinkName}`;
  return `priority ${priority}`;
}
