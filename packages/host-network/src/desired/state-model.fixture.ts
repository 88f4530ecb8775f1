import { matches } from './diff.ts';
import type { NetworkChange } from './network-change.ts';
import type { NetworkState } from './network-state.ts';

type KnownState = Required<NetworkState>;

/** What the kernel does with changes, as far as descriptions without VLANs go. */
export function carryOut(state: KnownState, changes: readonly NetworkChange[]): KnownState {
  return changes.reduce(carryOutOne, state);
}

function carryOutOne(state: KnownState, change: NetworkChange): KnownState {
  switch (change.kind) {
    case 'sysctl': {
      const { key, value } = change.sysctl;
      const others = state.sysctls.filter((sysctl) => sysctl.key !== key);
      return { ...state, sysctls: [...others, { key, value }] };
    }
    case 'link': {
      if (change.verb !== 'change')
        throw new Error(`a VLAN or a missing link: ${change.link.name}`);
      const { link, change: to } = change;
      return {
        ...state,
        links: state.links.map((one) => (one.name === link.name ? { ...one, ...to } : one)),
      };
    }
    case 'address': {
      const { address, verb } = change;
      const others = state.addresses.filter((one) => one.address !== address.address);
      if (verb === 'add') return { ...state, addresses: [...state.addresses, address] };
      // The kernel drops the routes of a link that loses its last address.
      const isLast = !others.some(({ linkName }) => linkName === address.linkName);
      const routes = isLast
        ? state.routes.filter(({ linkName }) => linkName !== address.linkName)
        : state.routes;
      return { ...state, addresses: others, routes };
    }
    case 'route': {
      const { route, verb } = change;
      const others = state.routes.filter(
        (one) => one.destination !== route.destination || one.tableId !== route.tableId,
      );
      if (verb === 'add' && others.length < state.routes.length) throw new Error('EEXIST');
      return { ...state, routes: verb === 'delete' ? others : [...others, route] };
    }
    case 'rule': {
      if (change.verb === 'add') {
        const { rule } = change;
        // As the kernel looks for a rule that exists: what is left out matches anything.
        const isThere = state.rules.some((one) => matches(rule, one));
        return isThere ? state : { ...state, rules: [...state.rules, rule] };
      }
      const { rule, verb } = change;
      if (verb === 'clear') {
        return { ...state, rules: state.rules.filter((one) => !matches(rule, one)) };
      }
      const first = state.rules.findIndex((one) => matches(rule, one));
      return { ...state, rules: state.rules.filter((_, at) => at !== first) };
    }
    case 'neighbour': {
      const { neighbour } = change;
      const others = state.neighbours.filter(({ address }) => address !== neighbour.address);
      return { ...state, neighbours: [...others, neighbour] };
    }
  }
}
