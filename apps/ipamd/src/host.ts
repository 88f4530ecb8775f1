import { type HostNetwork, type HostSettings, openHostNetwork } from '@vpc-cni/host-network';
import type { InstanceFacts } from '@vpc-cni/imds';
import type { Context } from './context.ts';
import { noteDrift } from './drift.ts';
import type { NetworkFacts, NetworkFactsFeed } from './network-facts.ts';

/** The host's network, set up for this VPC and kept in step with its CIDRs. */
export interface Host {
  readonly network: HostNetwork;
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
  const { primaryMac, primaryAddress } = instance;
  const settingsFor = ({ vpcCidrs }: NetworkFacts): HostSettings => ({
    ...config.host,
    primaryMac,
    primaryAddress,
    vpcCidrs,
  });
  const network = openHostNetwork();
  let settings = settingsFor(facts.current);
  await phases.run('setting up host networking', () => network.setUpHost(settings));

  facts.onReading(async (fresh) => {
    const { vpcCidrs } = fresh;
    const isSame = sameMembers(vpcCidrs, settings.vpcCidrs);
    const changes = await network.setUpHost(settingsFor(fresh));
    // Remembered only now: an update that failed is tried again at the next refresh.
    settings = settingsFor(fresh);
    if (isSame) noteDrift(context, 'host', changes);
    else log.info({ vpcCidrs }, 'VPC CIDRs changed');
  });
  return {
    network,
    settings: () => settings,
    close: () => network.close(),
  };
}

const sameMembers = (a: readonly string[], b: readonly string[]) =>
  [...a].sort().join() === [...b].sort().join();
