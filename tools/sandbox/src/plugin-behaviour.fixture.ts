import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ping } from './checks/probes.ts';
import type { Pod, SandboxNode } from './node.ts';
import { mustRun } from './run-command.ts';
import { type PodSandbox, pluginConf } from './runtime.ts';

/** What the daemon of a node under these tests is started with. */
export const behaviourEnvironment = {
  IP_COOLDOWN_PERIOD: '1',
  AWS_VPC_K8S_CNI_ADD_WAIT: '2',
  // What a test takes away is CHECK's to name, not the daemon's to bring back first.
  AWS_VPC_K8S_CNI_REPAIR_INTERVAL: '3600',
};

/**
 * Tests of what a runtime and its pods may rely on, whichever program is executed as the plugin: on one node of 9
 * addresses (t3.small), started with {@link behaviourEnvironment}.
 */
export function testPluginBehaviour(nodeUnderTest: () => SandboxNode): void {
  let node: SandboxNode;
  beforeAll(() => {
    node = nodeUnderTest();
  });

  describe('attachments', () => {
    test('pods that come at once never share an address, and all of them answer', async () => {
      await withPods(node, 7, async (pods) => {
        expect(new Set(pods.map(({ address }) => address)).size).toBe(7);
        for (const pod of pods) await ping(node.netns, pod.address);
      });
    });

    test('ADD repeated without DEL fails, and the pod keeps its address', async () => {
      await withSandbox(node, 'twice', async (sandbox) => {
        const first = await node.runtime.cni('ADD', sandbox);
        const second = await node.runtime.cni('ADD', sandbox);
        expect(first.exitCode).toBe(0);
        expect(second).toMatchObject({ exitCode: 1, output: { code: 101 } });
        const { ips } = first.output as { ips: readonly { address: string }[] };
        await ping(node.netns, ips[0]?.address.replace('/32', '') ?? '');
      });
    });

    test('CHECK passes after ADD, and names what somebody removed', async () => {
      await withSandbox(node, 'checked', async (sandbox) => {
        const added = await node.runtime.cni('ADD', sandbox);
        const conf = { ...pluginConf, prevResult: added.output };
        expect((await node.runtime.cni('CHECK', sandbox, conf)).exitCode).toBe(0);
        const { ips } = added.output as { ips: readonly { address: string }[] };
        await mustRun(['ip', 'rule', 'del', 'pref', '512', 'to', ips[0]?.address ?? ''], {
          netns: node.netns,
        });
        expect(await node.runtime.cni('CHECK', sandbox, conf)).toMatchObject({
          exitCode: 1,
          output: { code: 102, details: expect.stringContaining('512') },
        });
      });
    });

    test.each([
      ['with its namespace', (sandbox: Pod) => sandbox],
      ['without its namespace', (sandbox: Pod) => ({ ...sandbox, netns: '' })],
      [
        'with a namespace that is gone',
        (sandbox: Pod) => ({ ...sandbox, netns: '/run/netns/gone' }),
      ],
    ])('DEL %s leaves nothing behind, twice', async (_, as) => {
      const pod = await node.addPod('leaving');
      try {
        for (const verb of ['DEL', 'DEL'] as const) {
          expect(await node.runtime.cni(verb, as(pod))).toMatchObject({
            exitCode: 0,
            output: undefined,
          });
        }
        await untilNoTraceOf(node, pod);
      } finally {
        await node.runtime.removeSandbox(pod);
      }
    });

    test('a late DEL does not touch the successor of the same name', async () => {
      const old = await node.addPod('web-0');
      const successor = await node.addPod('web-0');
      try {
        await node.deletePod(old);
        await sleep(100);
        await ping(node.netns, successor.address);
      } finally {
        await node.deletePod(successor);
      }
    });
  });

  describe('GC', () => {
    const gc = (valid: readonly PodSandbox[]) =>
      node.runtime.cni('GC', undefined, {
        ...pluginConf,
        cniVersion: '1.1.0',
        'cni.dev/valid-attachments': valid.map(({ containerId }) => ({
          containerID: containerId,
          ifname: 'eth0',
        })),
      });

    test('takes down what the runtime does not list, whatever became of the sandbox, and nothing else', async () => {
      await withPods(node, 3, async ([vanished, forgotten, listed]) => {
        if (vanished === undefined || forgotten === undefined || listed === undefined) {
          throw new Error('three pods were added');
        }
        await node.runtime.removeSandbox(vanished);
        expect(await gc([listed])).toMatchObject({ exitCode: 0, output: undefined });
        for (const pod of [vanished, forgotten]) await untilNoTraceOf(node, pod);
        expect(await addressesInUse(node)).toBe(1);
        await ping(node.netns, listed.address);
      });
    });
  });

  describe('bad input', () => {
    const sandbox = {
      podNamespace: 'default',
      podName: 'nobody',
      containerId: 'abc',
      netns: '/run/netns/does-not-exist',
    };

    test('a namespace that does not exist is error 8, and the address goes back', async () => {
      expect(await node.runtime.cni('ADD', sandbox)).toMatchObject({
        exitCode: 1,
        output: { code: 8 },
      });
      expect(await addressesInUse(node)).toBe(0);
    });

    test('the node’s own namespace is error 8', async () => {
      const own = { ...sandbox, netns: node.netns };
      expect(await node.runtime.cni('ADD', own)).toMatchObject({
        exitCode: 1,
        output: { code: 8 },
      });
    });

    test.each([
      ['malformed stdin', {}, '{"name":', 6],
      ['stdin that is no object', {}, '[]', 6],
      ['no stdin', {}, '', 6],
      ['no network name', {}, '{"cniVersion":"0.4.0","type":"aws-cni"}', 7],
      ['an unknown version', {}, '{"cniVersion":"9.9.9","name":"aws-cni","type":"aws-cni"}', 1],
      ['an unknown command', { CNI_COMMAND: 'FROB' }, JSON.stringify(pluginConf), 4],
      ['no container id', { CNI_CONTAINERID: '' }, JSON.stringify(pluginConf), 4],
      ['a malformed container id', { CNI_CONTAINERID: '../x' }, JSON.stringify(pluginConf), 4],
      ['no interface name', { CNI_IFNAME: '' }, JSON.stringify(pluginConf), 4],
      [
        'an interface name that is too long',
        { CNI_IFNAME: 'x'.repeat(16) },
        JSON.stringify(pluginConf),
        4,
      ],
      ['no namespace', { CNI_NETNS: '' }, JSON.stringify(pluginConf), 4],
      ['malformed arguments', { CNI_ARGS: 'K8S_POD_NAME' }, JSON.stringify(pluginConf), 4],
    ])('%s is told in a CNI error object', async (_, environment, stdin, code) => {
      const { exitCode, output } = await node.runtime.execute(environment, stdin);
      expect({ exitCode, output }).toMatchObject({
        exitCode: 1,
        output: { code, msg: expect.any(String) },
      });
    });
  });

  describe('capacity', () => {
    test('a full node refuses with the figures, and serves again once an address has cooled', async () => {
      await withPods(node, 8, async () => {
        const last = await node.addPod('ninth');
        const refused = await withSandbox(node, 'tenth', (sandbox) =>
          node.runtime.cni('ADD', sandbox),
        );
        expect(refused).toMatchObject({
          exitCode: 1,
          output: {
            code: 11,
            details: expect.stringContaining('of 9 addresses on this node 9 are in use'),
          },
        });
        await node.deletePod(last);
        // Waits for the address that cools down for one second.
        await node.deletePod(await node.addPod('eleventh'));
      });
    });
  });

  describe('pods of a daemon', () => {
    test('that was killed keep their addresses, and nobody else gets one', async () => {
      await withPods(node, 3, async (pods) => {
        await node.stop('SIGKILL');
        await node.start(behaviourEnvironment);
        for (const pod of pods) await ping(node.netns, pod.address);
        const newcomer = await node.addPod('newcomer');
        try {
          expect(pods.map(({ address }) => address)).not.toContain(newcomer.address);
        } finally {
          await node.deletePod(newcomer);
        }
      });
      expect(await addressesInUse(node)).toBe(0);
    });

    test('that was started again with another veth prefix are still known', async () => {
      await withPods(node, 2, async () => {
        await node.stop();
        await node.start({ ...behaviourEnvironment, AWS_VPC_K8S_CNI_VETHPREFIX: 'pod' });
        expect(await addressesInUse(node)).toBe(2);
      });
      await node.stop();
      await node.start(behaviourEnvironment);
    });
  });
}

export async function withSandbox<T>(
  node: SandboxNode,
  podName: string,
  use: (sandbox: PodSandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await node.runtime.createSandbox({ podNamespace: 'default', podName });
  try {
    return await use(sandbox);
  } finally {
    await node.runtime.cni('DEL', sandbox);
    await node.runtime.removeSandbox(sandbox);
  }
}

export async function withPods<T>(
  node: SandboxNode,
  count: number,
  use: (pods: readonly Pod[]) => Promise<T>,
): Promise<T> {
  const names = Array.from({ length: count }, (_, index) => `pod-${index}`);
  const pods = await Promise.all(names.map((name) => node.addPod(name)));
  try {
    return await use(pods);
  } finally {
    await Promise.all(pods.map((pod) => node.deletePod(pod)));
  }
}

const hostState = async (node: SandboxNode) => {
  const queries = [
    ['ip', '-o', 'link'],
    ['ip', 'rule'],
    ['ip', 'route', 'show', 'table', 'all'],
  ];
  const outputs = await Promise.all(queries.map((query) => mustRun(query, { netns: node.netns })));
  return outputs.join('\n');
};

/** DEL answers before the link is gone; it goes with the next sweep. */
export async function untilNoTraceOf(node: SandboxNode, pod: Pod): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (!(await hostState(node)).includes(pod.hostLinkName)) break;
    await sleep(20);
  }
  const state = await hostState(node);
  expect(state).not.toContain(pod.hostLinkName);
  expect(state).not.toMatch(new RegExp(`\\b${pod.address.replaceAll('.', '\\.')}\\b`));
}

export async function addressesInUse(node: SandboxNode): Promise<number> {
  const view = (await node.introspect('/v1/enis')) as { '0': { AssignedIPs: number } };
  return view['0'].AssignedIPs;
}
