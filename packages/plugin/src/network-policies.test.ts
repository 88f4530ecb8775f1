import { beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeOutside, type FakeOutside } from './fake-outside.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createPluginHandlers } from './handlers.ts';
import type { PolicyFailure, PolicyPort } from './ports.ts';

// The network policy agent is asked for a pod once it is wired, and has the last word on its ADD.

const away: PolicyFailure = { reason: 'agent-away', message: 'npa.sock: ENOENT' };
const refused: PolicyFailure = { reason: 'agent-refused', message: 'npa.sock: Success=false' };
const failed: PolicyFailure = { reason: 'agent-failed', message: 'npa.sock: too late' };

let outside: FakeOutside;
let cni: FakeRuntime;
/** What the agent was told, and who was wired then. */
let told: string[];
let onEnforce: PolicyPort['enforce'];
let onForget: PolicyFailure | undefined;

beforeEach(() => {
  outside = createFakeOutside();
  told = [];
  onEnforce = async () => undefined;
  onForget = undefined;
  const wired = () => [...outside.wired.keys()].join(' ') || 'nobody';
  const policies: PolicyPort = {
    enforce: (pod, options) => {
      const { podNamespace, podName } = pod;
      told.push(`${podNamespace}/${podName} x${options.interfaceCount} (wired: ${wired()})`);
      return onEnforce(pod, options);
    },
    forget: async ({ podNamespace, podName }) => {
      told.push(`${podNamespace}/${podName} is gone (wired: ${wired()})`);
      return onForget;
    },
  };
  cni = createFakeRuntime(createPluginHandlers({ ...outside, policies }));
});

const POD = 'default/sample-pod';
const branchEni = { vlanId: 7, mac: '02:00:00:00:00:07', router: '10.0.0.1', trunkLinkIndex: 4 };

describe('ADD', () => {
  test.each([
    { name: 'on an ENI of the node', prepare: () => {} },
    { name: 'on an ENI of its own', prepare: () => outside.giveBranchEnis(branchEni) },
  ])('of a pod $name is done when the agent has taken it on', async ({ prepare }) => {
    prepare();
    let answer = (_: undefined) => {};
    onEnforce = () => new Promise((resolve) => (answer = resolve));
    let isDone = false;
    const adding = cni('ADD').finally(() => (isDone = true));
    await new Promise(setImmediate);
    expect(told).toEqual([`${POD} x1 (wired: a)`]);
    expect(isDone).toBe(false);
    answer(undefined);
    expect((await adding).exitCode).toBe(0);
  });

  test.each([
    { ...away, asksToForget: false },
    { ...refused, asksToForget: true },
    { ...failed, asksToForget: true },
  ])(
    'fails when it is $reason, and leaves nothing behind',
    async ({ asksToForget, ...failure }) => {
      onEnforce = async () => failure;
      expect(await cni('ADD')).toMatchObject({
        exitCode: 1,
        output: {
          code: 104,
          msg: `cannot enforce the network policies of pod ${POD} (${failure.reason})`,
          details: failure.message,
        },
      });
      expect(outside.wired.size).toBe(0);
      expect(outside.log.slice(-3)).toEqual(['tear down a', 'a is torn down', 'release a']);
      expect(told.slice(1)).toEqual(asksToForget ? [`${POD} is gone (wired: a)`] : []);
    },
  );

  test('that can neither be enforced nor torn down keeps its address for the DEL', async () => {
    onEnforce = async () => refused;
    outside.failTearDown(new Error('EBUSY'));
    expect((await cni('ADD')).output).toMatchObject({ code: 104 });
    expect(outside.log).not.toContain('release a');
    outside.failTearDown(undefined);
    expect((await cni('DEL')).exitCode).toBe(0);
    expect(outside.log.at(-1)).toBe('release a');
  });

  test('that cannot be wired does not get as far as the agent', async () => {
    outside.failSetUp(new Error('EPERM'));
    await cni('ADD');
    expect(told).toEqual([]);
  });

  test('that waits for the agent is overtaken by its DEL', async () => {
    onEnforce = (_, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed)));
    const adding = cni('ADD');
    await new Promise(setImmediate);
    expect((await cni('DEL')).exitCode).toBe(0);
    expect((await adding).output).toMatchObject({ code: 103 });
    expect(outside.wired.size).toBe(0);
  });
});

describe.each([
  ['DEL', {}],
  ['GC', { conf: { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] } }],
])('%s', (verb, call) => {
  test('tells the agent once the pod is taken down', async () => {
    await cni('ADD');
    expect((await cni(verb, call)).exitCode).toBe(0);
    expect(told.slice(1)).toEqual([`${POD} is gone (wired: nobody)`]);
  });

  test('says nothing of a sandbox whose pod has another one', async () => {
    await cni('ADD', { container: 'a' });
    await cni('ADD', { container: 'b' });
    const valid = [{ containerID: 'b', ifname: 'eth0' }];
    const conf = { cniVersion: '1.1.0', 'cni.dev/valid-attachments': valid };
    expect((await cni(verb, verb === 'GC' ? { conf } : call)).exitCode).toBe(0);
    expect(outside.wired.size).toBe(1);
    expect(told).toHaveLength(2);
  });

  test('fails once without an agent, with nothing left to do', async () => {
    await cni('ADD');
    onForget = away;
    const { exitCode, output } = await cni(verb, call);
    expect(exitCode).toBe(1);
    expect(JSON.stringify(output)).toContain(away.message);
    expect(outside.log.at(-1)).toBe('release a');
    expect((await cni(verb, call)).exitCode).toBe(0);
    expect(told).toHaveLength(2);
  });

  test.each([refused, failed])('succeeds when the answer is $reason', async (failure) => {
    await cni('ADD');
    onForget = failure;
    expect((await cni(verb, call)).exitCode).toBe(0);
  });
});

test('DEL of a pod that only the runtime remembers does not ask the agent, however often it comes', async () => {
  outside.giveBranchEnis(branchEni);
  const { output } = await cni('ADD');
  outside.loseKey('a');
  onForget = away;
  for (const _ of [1, 2]) {
    expect((await cni('DEL', { conf: { prevResult: output as object } })).exitCode).toBe(0);
  }
  expect(told).toHaveLength(1);
});

test('a DEL and the ADD of the pod’s next sandbox reach the agent in their order', async () => {
  await cni('ADD', { container: 'a' });
  const release = outside.hold('tear down');
  const deleting = cni('DEL', { container: 'a' });
  const adding = cni('ADD', { container: 'b' });
  await new Promise(setImmediate);
  release();
  await Promise.all([deleting, adding]);
  expect(told.at(-1)).toBe(`${POD} x1 (wired: b)`);
});
