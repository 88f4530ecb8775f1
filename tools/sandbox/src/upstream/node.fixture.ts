import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';
import { SUBNET_CIDR, type VpcInABox } from '../vpc-in-a-box.ts';
import { checkpointOf, installFiles } from './files.fixture.ts';
import { type Backend, hostRules } from './packet-filter.fixture.ts';
import { addAsUpstream, type UpstreamPod } from './plugin.fixture.ts';

// A node as release 1.23 of the AWS VPC CNI leaves it: what its daemon and its plugin write, written here by ip,
// iptables-restore and nft, so that nothing of ours can agree with itself.

export interface UpstreamNode {
  /** The first is on the primary ENI, the others on the secondary one. */
  readonly pods: readonly UpstreamPod[];
  /** Of a pod whose link is gone, and whose DEL upstream's daemon never got. */
  readonly deadAddress: string;
  /** Where the host has its CNI programs and its configuration list. */
  readonly binDirectory: string;
  readonly confDirectory: string;
}

const [ROUTER, SUBNET_LENGTH] = ['10.0.32.1', SUBNET_CIDR.split('/')[1]];

/** Two ENIs with three addresses each, three pods that run, and one that does not any more. */
export async function becomeUpstreams(
  box: VpcInABox,
  node: SandboxNode,
  backend: Backend,
): Promise<UpstreamNode> {
  const { primaryAddresses, secondary } = await giveEnis(box, node);
  const onNode = (script: string) => mustRun(['sh', '-ec', script], { netns: node.netns });
  const link = await linkWithMac(node, secondary.mac);
  await onNode(hostRules(backend, node.primaryAddress));
  await onNode(`ip rule add pref 1024 fwmark 0x80/0x80 lookup main
    echo 2 > /proc/sys/net/ipv4/conf/eth0/rp_filter
    ip link set ${link} mtu 9001 up
    ip address add ${secondary.primaryAddress}/${SUBNET_LENGTH} brd + dev ${link}
    ip route replace ${ROUTER} dev ${link} scope link table 2
    ip route replace default via ${ROUTER} dev ${link} table 2
    ip route del ${SUBNET_CIDR} dev ${link} src ${secondary.primaryAddress} scope link
    ip rule add pref 32765 from ${secondary.primaryAddress} lookup 2`);
  const [first = ''] = primaryAddresses;
  const [deadAddress = '', second = '', third = ''] = secondary.secondaryAddresses;
  const pods = [
    await addAsUpstream(node, 'coredns-57ff979f67-qqbdh', first, 0),
    await addAsUpstream(node, 'sample-pod', second, 1),
    await addAsUpstream(node, 'web-0', third, 1),
  ];
  await onNode(`ip rule add pref 512 to ${deadAddress} lookup main
    ip rule add pref 1536 from ${deadAddress} lookup 2`);
  const dead = { podNamespace: 'default', podName: 'gone', containerId: 'f'.repeat(64) };
  const checkpoint = checkpointOf([...pods, { ...dead, address: deadAddress }]);
  await writeFile(join(node.runDirectory, 'ipam.json'), checkpoint, { mode: 0o600 });
  return { pods, deadAddress, ...(await installFiles(node)) };
}

/** The primary ENI gets three addresses, and there is a second ENI with three. */
async function giveEnis({ emulator }: VpcInABox, { instanceId }: SandboxNode) {
  const primaryOf = () => {
    const isIt = (eni: { readonly instanceId?: string; readonly isPrimary: boolean }) =>
      eni.instanceId === instanceId && eni.isPrimary;
    const eni = emulator.describe().enis.find(isIt);
    if (eni?.instanceId === undefined) throw new Error(`${instanceId} has no primary ENI`);
    return { ...eni, instanceId: eni.instanceId };
  };
  const primary = primaryOf();
  await emulator.outside.assign(primary.eniId, { addressCount: 3 });
  const secondary = await emulator.outside.createEni({
    subnetId: primary.subnetId,
    addressCount: 3,
    description: `aws-K8S-${instanceId}`,
    tags: {
      'node.k8s.amazonaws.com/instance_id': instanceId,
      'cluster.k8s.amazonaws.com/name': 'sandbox',
    },
  });
  const slot = { instanceId: primary.instanceId, deviceIndex: 1 };
  await emulator.outside.attachEni(secondary.eniId, slot);
  return { primaryAddresses: primaryOf().secondaryAddresses, secondary };
}

async function linkWithMac(node: SandboxNode, mac: string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const links = await mustRun(['ip', '-o', 'link'], { netns: node.netns });
    const line = links.split('\n').find((text) => text.includes(mac));
    const name = line?.match(/^\d+: ([^:@]+)/)?.[1];
    if (name !== undefined) return name;
    await sleep(50);
  }
  throw new Error(`no link with ${mac} came to ${node.name}`);
}
