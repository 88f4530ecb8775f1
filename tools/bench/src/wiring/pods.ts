import { execFileSync } from 'node:child_process';
import type { HostNetwork } from '@vpc-cni/host-network';
import type { BenchPod } from '../contestant/exec.ts';

type Attachment = Parameters<HostNetwork['setUpPod']>[0];

/** A namespace, for our wiring and for a plugin that is executed. */
export interface WiringPod {
  readonly attachment: Attachment;
  readonly executed: BenchPod;
}

/** Makes namespaces as a runtime would. The host is the namespace of the calling thread. */
export function makePods(count: number): readonly WiringPod[] {
  const pods = Array.from({ length: count }, (_, index) => podAt(index));
  ipBatch(pods.map(({ executed }) => `netns add ${executed.name}`));
  return pods;
}

export const removePods = (pods: readonly WiringPod[]) =>
  ipBatch(pods.map(({ executed }) => `netns del ${executed.name}`));

function podAt(index: number): WiringPod {
  const name = `wiring-${index}`;
  const netns = `/run/netns/${name}`;
  return {
    attachment: {
      netnsPath: netns,
      podLinkName: 'eth0',
      hostLinkName: `eni${index}`,
      address: `10.0.${64 + (index >> 8)}.${index & 255}`,
      routeTableId: 2, // of a secondary ENI: one rule more than on the primary
      mtuBytes: 9001,
    },
    executed: { name, netns, containerId: `${name}-sandbox` },
  };
}

function ipBatch(lines: readonly string[]): void {
  execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}
