import type { SecondaryLink } from '../desired/host-facts.ts';
import type { EniLink, HostSettings } from '../desired/settings.ts';
import { ipFamily } from '../ip.ts';
import type { CallOptions } from './open-host-network.ts';

/** Sets the host up, one time after the other, and again when ENIs come and go that its filters name. */
export interface HostTurns {
  setUp(settings: HostSettings, options?: CallOptions): Promise<readonly string[]>;
  addEni(eni: EniLink, linkName: string): Promise<readonly string[]>;
  removeEni(eni: EniLink): Promise<readonly string[]>;
  /** Resolves when no turn is due, however they end. */
  settled(): Promise<void>;
}

export function createHostTurns(
  run: (
    settings: HostSettings,
    secondaryLinks: readonly SecondaryLink[],
    options: CallOptions,
  ) => Promise<readonly string[]>,
): HostTurns {
  const links = new Map<string, SecondaryLink>();
  let last: HostSettings | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const setUp: HostTurns['setUp'] = (settings, options = {}) => {
    last = settings;
    const sorted = () => [...links.values()].toSorted((a, b) => a.routeTableId - b.routeTableId);
    const result = turn.then(() => run(settings, sorted(), options));
    turn = result.catch(() => {});
    return result;
  };
  const follow = async () => (last?.eniMarkMask === undefined ? [] : setUp(last));

  return {
    setUp,
    addEni: async (eni, name) => {
      const isKnown = links.get(eni.mac)?.name === name;
      if (isKnown || !isMarked(eni)) return [];
      links.set(eni.mac, { name, routeTableId: eni.routeTableId });
      return follow();
    },
    removeEni: async (eni) => (isMarked(eni) && links.delete(eni.mac) ? follow() : []),
    settled: async () => {
      await turn;
    },
  };
}

const isMarked = ({ isTrunk = false, primaryAddress }: EniLink) =>
  !isTrunk && ipFamily(primaryAddress) === 'ipv4';
