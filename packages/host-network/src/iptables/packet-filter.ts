import type { IptablesBackend, IptablesFacts } from '../desired/host-facts.ts';
import { applyConnmark } from './apply-connmark.ts';
import { type IptablesDescription, nothingOfOurs } from './describe-iptables.ts';
import type { HostCommands, IptablesFamilies } from './host-commands.ts';
import { lookAtSides } from './look-at-sides.ts';
import { planIptables } from './plan-iptables.ts';
import type { Side } from './read-sides.ts';
import { restore } from './restore.ts';
import { settleRaces } from './settle-races.ts';

/** What must be in the packet filter; the rest of it is not ours. */
export interface PacketFilterDescription {
  readonly ipv4: IptablesDescription;
  readonly ipv6: IptablesDescription;
  /** An nftables ruleset for table `ip aws-cni`, or undefined when that table must not exist. */
  readonly connmarkRuleset: string | undefined;
}

/** The packet filter of the host. */
export interface PacketFilter {
  /**
   * Makes the tables of the back-end in use hold what is described, and those of the other nothing of ours.
   *
   * Which back-end that is, is looked at every time: the kubelet may have decided after the last. One
   * execution to read and, if there is anything to change, one to write, per family.
   *
   * @returns the lines of iptables-restore and nft that were carried out; none when all was well.
   * @throws {HostNetworkError} `iptables-failed`, `iptables-locked`.
   */
  apply(describe: (facts: IptablesFacts) => PacketFilterDescription): Promise<readonly string[]>;
  /** The back-end that the last `apply` found in use. */
  readonly backend: IptablesBackend | undefined;
}

export function createPacketFilter(commands: HostCommands): PacketFilter {
  let backend: IptablesBackend | undefined;

  const applyOnce = async (describe: (facts: IptablesFacts) => PacketFilterDescription) => {
    const { used, others } = await lookAtSides(commands, backend);
    const wanted = describe(used.facts);
    const lines = await applySide(used, wanted);
    lines.push(...(await applyConnmark(wanted.connmarkRuleset, commands.nft)));
    // Last, so that there is no moment without our rules.
    for (const side of others) {
      lines.push(...(await applySide(side, { ipv4: nothingOfOurs, ipv6: nothingOfOurs })));
    }
    backend = used.facts.backend;
    return lines;
  };

  return {
    apply: (describe) => settleRaces(() => applyOnce(describe)),
    get backend() {
      return backend;
    },
  };
}

async function applySide(
  { tables, programs, facts }: Side,
  wanted: Pick<PacketFilterDescription, keyof IptablesFamilies>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const family of ['ipv4', 'ipv6'] as const) {
    const batch = planIptables(wanted[family], tables[family]);
    if (batch === undefined) continue;
    await restore(programs[family], batch, facts);
    lines.push(...batch.trimEnd().split('\n'));
  }
  return lines;
}
