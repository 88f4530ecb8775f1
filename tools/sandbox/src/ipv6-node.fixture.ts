import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxNode } from './node.ts';
import { workspaceRoot } from './program-path.ts';
import { mustRun } from './run-command.ts';
import type { VpcInABox } from './vpc-in-a-box.ts';

/** What the init container does: a node that forwards IPv6, for one. */
export async function prepareIpv6Node({ netns, runDirectory }: SandboxNode): Promise<void> {
  const bin = join(runDirectory, 'bin');
  await mkdir(bin);
  const program = join(workspaceRoot, 'apps/cni-plugin/dist/install.js');
  await mustRun([process.execPath, program, 'init'], {
    netns,
    env: { ENABLE_IPv6: 'true', HOST_CNI_BIN_PATH: bin },
  });
}

/** Closes the nodes’ subnet to pods, and opens another: their addresses are on a further ENI. */
export async function movePodsToAnotherSubnet({ emulator }: VpcInABox): Promise<void> {
  const [subnet] = emulator.describe().subnets;
  if (subnet === undefined) throw new Error('the box has no subnet');
  const { vpcId, subnetId, availabilityZone } = subnet;
  const role = 'kubernetes.io/role/cni';
  await emulator.outside.tag(subnetId, { [role]: '0' });
  emulator.addSubnet({
    vpcId,
    cidr: '10.0.64.0/19',
    ipv6Cidr: '2001:db8:0:2::/64',
    availabilityZone,
    tags: { [role]: '1' },
  });
}
