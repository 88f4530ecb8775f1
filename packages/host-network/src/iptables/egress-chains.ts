import {
  type ContainerEgress,
  type ContainerKey,
  describeEgressChain,
  egressChainName,
  noEgressChain,
} from '../desired/container-egress.ts';
import { type IpAddress, ipFamily, parseIpAddress } from '../ip.ts';
import type { HostCommands } from './host-commands.ts';
import { lookAtSides } from './look-at-sides.ts';
import { chainOwnership } from './owned-rules.ts';
import { planIptables } from './plan-iptables.ts';
import type { Side } from './read-sides.ts';
import { restore } from './restore.ts';
import { settleRaces } from './settle-races.ts';

/** Chains of single containers, beside the node's own. */
export interface EgressChains {
  /** Makes the chain, and the rule that leads there, on the back-end in use. */
  ensure(egress: ContainerEgress): Promise<void>;
  /** What `ensure` would do, line by line; empty when all is well. */
  missing(egress: ContainerEgress): Promise<readonly string[]>;
  /** The address whose packets are led to the container's chain; undefined without one. */
  findAddress(container: ContainerKey): Promise<IpAddress | undefined>;
  /** Removes the chain and what leads there from all back-ends; fine when there is none. */
  remove(container: ContainerKey): Promise<void>;
}

export function createEgressChains(commands: HostCommands): EgressChains {
  const look = async () => {
    const { used, others } = await lookAtSides(commands);
    return [used, ...others] as const;
  };
  const planToEnsure = (egress: ContainerEgress, { tables, facts }: Side) =>
    planIptables(describeEgressChain(egress, facts), tables[familyOf(egress)], ownershipOf(egress));

  return {
    ensure: (egress) =>
      settleRaces(async () => {
        const [used] = await look();
        const batch = planToEnsure(egress, used);
        if (batch !== undefined) await restore(used.programs[familyOf(egress)], batch, used.facts);
      }),
    missing: async (egress) => {
      const [used] = await look();
      const lines = planToEnsure(egress, used)?.trimEnd().split('\n') ?? [];
      return lines.filter((line) => !/^(\*|:|COMMIT)/.test(line));
    },
    findAddress: async (container) => {
      for (const { tables } of await look()) {
        const rules = tables[familyOf(container)].get('nat')?.rules ?? [];
        const entry = rules.find((rule) => ownershipOf(container).isOurSharedRule('nat', rule));
        const source = entry?.words?.[entry.words.indexOf('-s') + 1]?.split('/', 1)[0];
        if (source !== undefined) return parseIpAddress(source);
      }
      return undefined;
    },
    remove: (container) =>
      settleRaces(async () => {
        for (const { tables, programs, facts } of await look()) {
          const family = familyOf(container);
          const batch = planIptables(noEgressChain, tables[family], ownershipOf(container));
          if (batch !== undefined) await restore(programs[family], batch, facts);
        }
      }),
  };
}

const familyOf = ({ nodeAddress }: ContainerKey) => ipFamily(nodeAddress);

const ownershipOf = (container: ContainerKey) => chainOwnership(egressChainName(container));
