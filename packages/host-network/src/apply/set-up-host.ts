import { describeHost, MARK_RULE_PRIORITY } from '../desired/describe-host.ts';
import type { HostSettings } from '../desired/settings.ts';
import {
  applyConnmark,
  applyIptables,
  clearOtherBackend,
  readIptablesFacts,
} from '../iptables/apply-iptables.ts';
import type { HostCommands } from '../iptables/host-commands.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { MAIN_TABLE } from '../netlink/route.ts';
import { type Rule, ruleText } from '../netlink/rule.ts';
import { type AwaitLinkOptions, awaitLink } from './await-link.ts';
import { writeSysctl } from './write-sysctl.ts';

/** Brings the host to what the settings ask for, from whatever other settings left. */
export async function setUpHost(
  host: Netlink,
  settings: HostSettings,
  commands: HostCommands,
  wait: AwaitLinkOptions,
): Promise<void> {
  const link = await awaitLink(host.links, settings.primaryMac, wait);
  const iptables = await readIptablesFacts(commands);
  const description = describeHost(settings, { primaryLinkName: link.name, iptables });

  if (link.mtuBytes !== settings.eniMtuBytes) {
    host.links.change({ index: link.index }, { mtuBytes: settings.eniMtuBytes });
  }
  for (const sysctl of description.sysctls) writeSysctl(sysctl);
  await setMarkRules(host, description.rules);

  await applyIptables(description.iptables, commands);
  await applyConnmark(description.connmarkRuleset, commands.nft);
  await clearOtherBackend(iptables);
}

/** Exactly these rules at the mark's priority; one with another mark comes from other settings. */
async function setMarkRules(host: Netlink, desired: readonly Rule[]): Promise<void> {
  const wanted = new Set(desired.map(ruleText));
  for (const rule of await host.rules.list()) {
    const isOurs =
      rule.priority === MARK_RULE_PRIORITY &&
      rule.mark !== undefined &&
      rule.tableId === MAIN_TABLE;
    if (isOurs && !wanted.has(ruleText(rule))) host.rules.delete(rule);
  }
  for (const rule of desired) host.rules.ensure(rule);
}
