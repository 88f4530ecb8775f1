import { type HostNetwork, type HostSettings, openHostNetwork } from '@vpc-cni/host-network';
import type { InstanceFacts } from '@vpc-cni/imds';
import type { Context } from './context.ts';
import { hostSettings } from './host-settings.ts';
import type { NetworkFactsFeed } from './network-facts.ts';

/** The host's network, set up for this VPC and kept in step with its CIDRs. */
export interface Host {
  readonly network: HostNetwork;
  /** As they should be: of those that could not be carried out, the next repair tries again. */
  readonly settings: () => HostSettings;
  /** Once the daemon is ending. */
  close(): Promise<void>;
}

export async function setUpHost(
  context: Context,
  instance: InstanceFacts,
  facts: NetworkFactsFeed,
): Promise<Host> {
  const { config, log, phases } = context;
  const network = openHostNetwork();
  let settings = hostSettings(config, instance, facts.current);
  await phases.run('setting up host networking', () => network.setUpHost(settings));

  facts.onReading(async (fresh) => {
    const { vpcCidrs } = fresh;
    if (sameMembers(vpcCidrs, settings.vpcCidrs)) return;
    settings = hostSettings(config, instance, fresh);
    log.info({ vpcCidrs }, 'VPC CIDRs changed');
    await network.setUpHost(settings);
  });
  return {
    network,
    settings: () => settings,
    close: () => network.close(),
  };
}

const sameMembers = (a: readonly string[], b: readonly string[]) =>
  [...a].sort().join() === [...b].sort().join();
