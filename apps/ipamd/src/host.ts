import { type HostNetwork, type HostSettings, openHostNetwork } from '@vpc-cni/host-network';
import type { AwsAccess } from './aws.ts';
import type { Context } from './context.ts';

const CIDR_REFRESH_MS = 30_000;

/** The host's network, set up for this VPC and kept in step with its CIDRs. */
export interface Host {
  readonly network: HostNetwork;
  readonly settings: () => HostSettings;
  close(): Promise<void>;
}

export async function setUpHost(context: Context, aws: AwsAccess): Promise<Host> {
  const { config, log, clock, signal, phases } = context;
  const { imds, instance } = aws;
  const network = openHostNetwork();

  const readSettings = async (): Promise<HostSettings> => ({
    ...config.host,
    primaryMac: instance.primaryMac,
    primaryAddress: instance.primaryAddress,
    vpcCidrs: await imds.readVpcCidrs(instance.primaryMac),
  });

  let settings = await phases.run('reading the VPC CIDRs (IMDS)', readSettings);
  await phases.run('setting up host networking', () => network.setUpHost(settings));

  const watch = async () => {
    while (!signal.aborted) {
      await clock.sleep(CIDR_REFRESH_MS, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        const fresh = await readSettings();
        if (sameMembers(fresh.vpcCidrs, settings.vpcCidrs)) continue;
        await network.setUpHost(fresh);
        // Remembered only now: an update that failed is tried again at the next refresh.
        settings = fresh;
        log.info({ vpcCidrs: fresh.vpcCidrs }, 'VPC CIDRs changed');
      } catch (error) {
        log.warn({ err: error }, 'cannot refresh the VPC CIDRs');
      }
    }
  };
  const watching = watch();

  return {
    network,
    settings: () => settings,
    close: async () => {
      await watching;
      await network.close();
    },
  };
}

const sameMembers = (a: readonly string[], b: readonly string[]) =>
  [...a].sort().join() === [...b].sort().join();
