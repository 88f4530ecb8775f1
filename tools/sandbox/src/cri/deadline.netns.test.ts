import { expect, test } from '@jest/globals';
import { sandboxConfigOf } from './kubelet.ts';
import { podNames, withOneNode } from './one-node.fixture.ts';

// kubelet's patience ends while an ADD waits for EC2: containerd kills the plugin, then calls DEL.

const { node, box, expectExactly } = withOneNode({ prefix: 'late', instanceType: 't3.small' });
/** All that the node can carry; its pool has fewer. */
const PODS = 9;

test('pods that were given up while they waited for an address hold none, and come up later', async () => {
  const { containerd, kubelet } = node();
  const { knobs } = box().emulator;
  knobs.latencyMs.ec2 = 5_000;
  const impatient = podNames(PODS).map((pod) =>
    containerd.cri.runPodSandbox(sandboxConfigOf(pod), { timeoutMs: 2_000 }),
  );
  const outcomes = await Promise.allSettled(impatient);
  const refusals = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [String(outcome.reason)] : [],
  );
  expect(refusals).toContainEqual(
    expect.stringContaining('aws-cni" failed (add): netplugin failed'),
  );
  const waiting = await kubelet.runningSandboxes();
  await expectExactly(waiting.map((sandbox) => ({ ...sandbox, name: '', sandboxId: '' })));

  knobs.latencyMs.ec2 = 0;
  const pods = await Promise.all(podNames(PODS).map(kubelet.run));
  await expectExactly(pods);
  await Promise.all(pods.map(kubelet.remove));
  await expectExactly([]);
}, 180_000);
