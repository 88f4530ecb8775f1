import { type Netlink, writeSysctl } from '@vpc-cni/host-network';
import { hostSysctls } from './host-sysctls.ts';
import type { Log } from './log.ts';
import type { InstallSettings } from './settings.ts';

/**
 * Writes the sysctls of the host, in the network namespace of this thread.
 *
 * @throws {HostNetworkError} `sysctl-refused`; {@link Error} when no link has the primary ENI's MAC.
 */
export async function prepareHost(options: {
  readonly settings: InstallSettings;
  /** Lower case, colons. */
  readonly primaryMac: string;
  readonly links: Pick<Netlink['links'], 'findByMac'>;
  readonly log: Log;
}): Promise<void> {
  const { settings, primaryMac, links, log } = options;
  const link = await links.findByMac(primaryMac);
  if (link === undefined) {
    throw new Error(
      `no link has ${primaryMac}, the MAC of the primary ENI: run this container in the host's network`,
    );
  }
  for (const sysctl of hostSysctls(settings, link.name)) {
    writeSysctl(sysctl);
    log('info', `${sysctl.key} = ${sysctl.value}`);
  }
}
