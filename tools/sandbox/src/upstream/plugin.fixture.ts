import { createHash } from 'node:crypto';
import type { Pod, SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';

// What upstream's plugin does for ordinary pods, by ip(8).

/** A pod that upstream's plugin added. */
export interface UpstreamPod extends Pod {
  /** What its ADD printed, which the runtime keeps for DEL. */
  readonly result: UpstreamResult;
}

export interface UpstreamResult {
  readonly cniVersion: string;
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac?: string;
    readonly sandbox?: string;
  }[];
  readonly ips: readonly {
    readonly version: string;
    readonly interface: number;
    readonly address: string;
  }[];
  readonly dns: object;
}

const MAIN_TABLE = 254;

/** What the name of a pod's host link ends with, whatever prefix is configured. */
export const linkNameSuffix = (podNamespace: string, podName: string): string =>
  createHash('sha1').update(`${podNamespace}.${podName}`).digest('hex').slice(0, 11);

/** Upstream draws it; any local one will do. */
const macOf = (address: string) =>
  ['6e', '1c', ...address.split('.').map((part) => Number(part).toString(16))].join(':');

/** ADD. `address` is of the ENI in that slot. */
export async function addAsUpstream(
  node: SandboxNode,
  podName: string,
  address: string,
  deviceNumber: number,
): Promise<UpstreamPod> {
  const podNamespace = 'default';
  const sandbox = await node.runtime.createSandbox({ podNamespace, podName });
  const { netns } = sandbox;
  const hostLinkName = `eni${linkNameSuffix(podNamespace, podName)}`;
  const routeTableId = deviceNumber === 0 ? MAIN_TABLE : deviceNumber + 1;
  const mac = macOf(address);
  const inNode = (script: string) => mustRun(['sh', '-ec', script], { netns: node.netns });
  await inNode(`ip link add ${hostLinkName} address ${mac} mtu 9001 txqueuelen 0 \
      type veth peer name eth0 netns ${netns} mtu 9001 txqueuelen 0
    cd /proc/sys/net/ipv6/conf/${hostLinkName}
    echo 0 > accept_ra; echo 1 > accept_redirects; echo 0 > forwarding
    ip link set ${hostLinkName} up`);
  const podSide = `ip link set eth0 up
    ip route replace 169.254.1.1 dev eth0 scope link
    ip route add default via 169.254.1.1 dev eth0
    ip address add ${address}/32 dev eth0
    ip neigh add 169.254.1.1 lladdr ${mac} nud permanent dev eth0`;
  await mustRun(['sh', '-ec', podSide], { netns });
  await inNode(`ip route replace ${address} dev ${hostLinkName} scope link
    ip rule add pref 512 to ${address} lookup main`);
  if (routeTableId !== MAIN_TABLE)
    await inNode(`ip rule add pref 1536 from ${address} lookup ${routeTableId}`);
  const result = resultOf({ hostLinkName, netns, address, routeTableId });
  return { ...sandbox, address, hostLinkName, routeTableId, result };
}

/** What ADD prints for an ordinary pod. DEL reads it back: the table from `mac`, the device number from the last. */
export function resultOf(
  pod: Pick<Pod, 'hostLinkName' | 'netns' | 'address' | 'routeTableId'>,
): UpstreamResult {
  const { hostLinkName, netns, address, routeTableId } = pod;
  const deviceNumber = routeTableId === MAIN_TABLE ? 0 : routeTableId - 1;
  return {
    cniVersion: '0.4.0',
    interfaces: [
      { name: hostLinkName },
      { name: 'eth0', mac: `${routeTableId}`, sandbox: netns },
      { name: hostLinkName.replace('eni', 'dummy'), mac: '0', sandbox: `${deviceNumber}` },
    ],
    ips: [{ version: '4', interface: 1, address: `${address}/32` }],
    dns: {},
  };
}
