import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';
import { type Check, expectEqual, nodeAt, podsOf } from './check.ts';

interface EnisView {
  readonly '0': {
    readonly TotalIPs: number;
    readonly AssignedIPs: number;
    readonly ENIs: Readonly<
      Record<string, { readonly AvailableIPv4Cidrs: Readonly<Record<string, unknown>> }>
    >;
  };
}

const addressCount: Check = {
  name: 'addresses: daemon and EC2 agree',
  run: async (scene) => {
    const seen: string[] = [];
    for (const node of scene.box.nodes) {
      const { '0': card } = (await node.introspect('/v1/enis')) as EnisView;
      const held = Object.values(card.ENIs)
        .flatMap(({ AvailableIPv4Cidrs }) => Object.keys(AvailableIPv4Cidrs))
        .sort();
      const assigned = secondaryAddressesInEc2(scene.box.emulator.describe(), node).sort();
      expectEqual(`the pool of ${node.name}`, held.join(), assigned.map((a) => `${a}/32`).join());
      expectEqual(`addresses in use on ${node.name}`, card.AssignedIPs, podsOf(scene, node).length);
      seen.push(`${node.name} ${card.AssignedIPs} of ${assigned.length}`);
    }
    return `in use: ${seen.join(', ')}`;
  },
};

type CloudSnapshot = ReturnType<import('@vpc-cni/aws-emulator').Emulator['describe']>;

const secondaryAddressesInEc2 = (cloud: CloudSnapshot, node: SandboxNode): string[] =>
  cloud.enis
    .filter((eni) => eni.instanceId === node.instanceId)
    .flatMap((eni) => [...eni.secondaryAddresses]);

const nothingLeft: Check = {
  name: 'DEL leaves nothing behind',
  run: async (scene) => {
    const node = nodeAt(scene, 0);
    const pod = await node.addPod('short-lived');
    const before = await linesAbout(node, pod);
    await node.deletePod(pod);
    // The link goes a moment after DEL's reply, together with others.
    let after = await linesAbout(node, pod);
    for (let tries = 0; after.length > 0 && tries < 40; tries++) {
      await sleep(25);
      after = await linesAbout(node, pod);
    }
    expectEqual('what the kernel still says of the pod', after.join(' | '), '');
    const { '0': card } = (await node.introspect('/v1/enis')) as EnisView;
    expectEqual('addresses in use', card.AssignedIPs, podsOf(scene, node).length);
    return `${before.length} links, routes and rules of ${pod.address} are gone, its address is cooling down`;
  },
};

/** What `ip` says about a pod on its node. */
async function linesAbout(
  node: SandboxNode,
  pod: { readonly address: string; readonly hostLinkName: string },
): Promise<readonly string[]> {
  const queries = [
    ['ip', '-o', 'link'],
    ['ip', 'rule'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ip', 'neigh'],
  ];
  const outputs = await Promise.all(queries.map((query) => mustRun(query, { netns: node.netns })));
  const address = new RegExp(`(^|\\D)${pod.address.replaceAll('.', '\\.')}(\\D|$)`);
  return outputs
    .flatMap((output) => output.split('\n'))
    .filter((line) => address.test(line) || line.includes(pod.hostLinkName));
}

export const bookkeepingChecks: readonly Check[] = [addressCount, nothingLeft];
