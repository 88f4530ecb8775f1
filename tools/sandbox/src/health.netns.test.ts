import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ipamdPath, type SandboxNode } from './node.ts';
import { mustRun, runCommand } from './run-command.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

// What a probe of kubelet is told by the real daemon, from its first moment to its last.

let box: VpcInABox;
let node: SandboxNode;

beforeAll(async () => {
  box = await createVpcInABox({ nodeCount: 1, instanceType: 't3.small', prefix: 'heal' });
  const [only] = box.nodes;
  if (only === undefined) throw new Error('the box has no node');
  node = only;
});
afterAll(() => box.close());

const ASK = `
  const response = await fetch('http://127.0.0.1:61680' + process.argv[1]).catch(() => undefined);
  console.log(JSON.stringify({ status: response?.status ?? 0, body: await response?.json() }));`;

/** As kubelet asks: from the host's network. Status 0 when nobody listens. */
async function ask(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const argv = [process.execPath, '--input-type=module', '--eval', ASK, path];
  return JSON.parse(await mustRun(argv, { netns: node.netns }));
}

/** Asks until the answer has that status. */
async function askUntil(path: string, status: number) {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(path);
    if (answer.status === status || tries === 100) return answer;
  }
}

test('a daemon whose metadata service is away is alive, and not ready for a named reason', async () => {
  node.launch({ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' });
  try {
    expect(await askUntil('/healthz', 200)).toEqual({ status: 200, body: { status: 'alive' } });
    const waiting = { name: expect.stringContaining('IMDS'), failure: expect.any(String) };
    let answer = await ask('/readyz');
    // The first attempt has no failure yet.
    while (!JSON.stringify(answer).includes('failure')) answer = await ask('/readyz');
    expect(answer).toMatchObject({
      status: 503,
      body: { status: 'not ready', reason: 'starting', startup: waiting },
    });
  } finally {
    await node.stop();
  }
});

test('a daemon that can give addresses is ready, also when all are taken, until it ends', async () => {
  await node.start({ MAX_ENI: '1' });
  try {
    expect(await ask('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
    // A t3.small's primary ENI has three addresses for pods.
    const pods = [await node.addPod('a'), await node.addPod('b'), await node.addPod('c')];
    await expect(node.addPod('d')).rejects.toThrow(/eni-limit|at-max-pods/);
    expect(await ask('/readyz')).toEqual({ status: 200, body: { status: 'ready' } });
    for (const pod of pods) await node.deletePod(pod);
  } finally {
    await node.stop();
  }
  expect(await ask('/healthz')).toEqual({ status: 0 });
});

describe('the command line', () => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    runCommand([process.execPath, ipamdPath, ...args], { env });

  test('explains settings without AWS', async () => {
    const { exitCode, stdout } = await run(['config', 'explain'], { ENABLE_IPv4: 'true' });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('WARM_ENI_TARGET = 1  (default)');
  });

  test('does not start without a family, and says so where kubectl logs looks', async () => {
    const { exitCode, stderr } = await run([], { AWS_VPC_K8S_CNI_LOG_FILE: '/dev/null' });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^ENABLE_IPv4 is "", expected exactly one of .+: set /),
    });
  });
});
