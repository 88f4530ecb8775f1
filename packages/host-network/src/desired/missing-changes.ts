import { routeFamily } from '../netlink/route.ts';
import type { NetworkChange } from './network-change.ts';
import type { NetworkState } from './network-state.ts';

/**
 * Of the steps that would make a pod's namespace as described, those that bring back what is missing. What
 * is there but differs is the pod's own: a VPN leads the default route elsewhere, and the chained plugin
 * `tuning` sets an MTU.
 */
export const missingChanges = (
  { routes = [] }: Pick<NetworkState, 'routes'>,
  changes: readonly NetworkChange[],
): readonly NetworkChange[] =>
  changes.flatMap((change): readonly NetworkChange[] => {
    if (change.kind === 'link' && change.verb === 'change') {
      const { isUp } = change.change;
      return isUp === undefined ? [] : [{ ...change, change: { isUp } }];
    }
    if (change.kind !== 'route') return [change];
    const { destination, tableId } = change.route;
    const isLedSomewhere = routes.some(
      (route) =>
        route.destination === destination &&
        route.tableId === tableId &&
        routeFamily(route) === routeFamily(change.route),
    );
    return isLedSomewhere ? [] : [change];
  });
