import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from './log.ts';
import type { EgressChoice } from './plugin-chain.ts';
import type { InstallSettings } from './settings.ts';

/** What the egress plugin is told; `undefined` where the host has no such program. Asks IMDS only when it must. */
export async function chooseEgress(
  { binDirectory, egress, isIpv6, imdsEndpoint }: InstallSettings,
  log: Log,
): Promise<EgressChoice | undefined> {
  const program = join(binDirectory, 'egress-cni');
  if (!existsSync(program)) {
    if (egress.isEnabled)
      log('warning', `egress is enabled, but there is no ${program}: pods go without it`);
    return undefined;
  }
  if (!egress.isEnabled) return { ...egress, isIpv6, nodeAddress: '' };
  const { createImds } = await import('@vpc-cni/imds');
  const instance = await createImds({ endpoint: imdsEndpoint }).readInstance();
  const nodeAddress = (isIpv6 ? instance.primaryAddress : instance.primaryIpv6Address) ?? '';
  if (nodeAddress === '')
    log(
      'warning',
      'egress is enabled, but the primary ENI has no IPv6 address: pods go without it',
    );
  return { ...egress, isIpv6, nodeAddress };
}
