import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, SandboxNode } from '../node.ts';

// What upstream's daemon and entry point keep in files.

/** What the daemon remembers of these pods. */
export const checkpointOf = (
  pods: readonly Pick<Pod, 'podNamespace' | 'podName' | 'containerId' | 'address'>[],
): string => {
  const entries = pods.map(
    ({ podNamespace, podName, containerId, address }, n) =>
      `{"networkName":"aws-cni","containerID":"${containerId}","ifName":"eth0","ipv4":"${address}",` +
      `"allocationTimestamp":${1_718_000_000 + n}123456789,` +
      `"metadata":{"k8sPodNamespace":"${podNamespace}","k8sPodName":"${podName}","interfacesCount":1}}`,
  );
  return `{"version":"vpc-cni-ipam/1","allocations":[${entries.join(',')}]}\n`;
};

/** Programs and configuration list, in directories that stand for the host's. */
export async function installFiles({ runDirectory }: SandboxNode) {
  const binDirectory = join(runDirectory, 'bin');
  const confDirectory = join(runDirectory, 'net.d');
  for (const directory of [binDirectory, confDirectory]) await mkdir(directory);
  for (const program of ['aws-cni', 'egress-cni'])
    await writeFile(join(binDirectory, program), 'upstream', { mode: 0o755 });
  await writeFile(
    join(confDirectory, '10-aws.conflist'),
    JSON.stringify(upstreamConfList, null, 2),
  );
  return { binDirectory, confDirectory };
}

/** Rendered with its defaults; another program has chained itself behind. */
export const upstreamConfList = {
  cniVersion: '0.4.0',
  name: 'aws-cni',
  disableCheck: true,
  plugins: [
    {
      name: 'aws-cni',
      type: 'aws-cni',
      vethPrefix: 'eni',
      mtu: '9001',
      podSGEnforcingMode: 'strict',
      pluginLogFile: '/var/log/aws-routed-eni/plugin.log',
      pluginLogLevel: 'Debug',
      capabilities: { 'io.kubernetes.cri.pod-annotations': true },
    },
    {
      name: 'egress-cni',
      type: 'egress-cni',
      mtu: '9001',
      enabled: 'false',
      randomizeSNAT: 'prng',
      nodeIP: '',
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: 'fd00::ac:00/118' }]],
        routes: [{ dst: '::/0' }],
        dataDir: '/run/cni/v4pd/egress-v6-ipam',
      },
      pluginLogFile: '/var/log/aws-routed-eni/egress-v6-plugin.log',
      pluginLogLevel: 'Debug',
    },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    { type: 'istio-cni', kubernetes: { cni_bin_dir: '/opt/cni/bin' } },
  ],
};
