import { setTimeout as sleep } from 'node:timers/promises';
import { contradictions, readAccounts } from '../invariants.ts';
import type { SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';
import { type Check, expectEqual, nodeAt, podsOf } from './check.ts';

const accountsAgree: Check = {
  name: 'daemon, checkpoint, kernel and EC2 agree',
  run: async (scene) => {
    const seen: string[] = [];
    for (const node of scene.box.nodes) {
      const accounts = await readAccounts(node, scene.box.emulator);
      expectEqual(`contradictions on ${node.name}`, contradictions(accounts).join('; '), '');
      expectEqual(
        `addresses in use on ${node.name}`,
        accounts.reserved.length,
        podsOf(scene, node).length,
      );
      seen.push(`${node.name} ${accounts.reserved.length} of ${accounts.ec2.length}`);
    }
    return `addresses in use: ${seen.join(', ')}`;
  },
};

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
    const { reserved } = await readAccounts(node, scene.box.emulator);
    expectEqual('addresses in use', reserved.length, podsOf(scene, node).length);
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

export const bookkeepingChecks: readonly Check[] = [accountsAgree, nothingLeft];
