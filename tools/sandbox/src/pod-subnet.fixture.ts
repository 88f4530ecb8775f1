import type { VpcInABox } from './vpc-in-a-box.ts';

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
