// The policy agent is another gRPC implementation's server on a real socket.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PolicyPort } from '@vpc-cni/plugin';
import { type AgentAnswer, type FakePolicyAgent, startFakePolicyAgent } from '@vpc-cni/testing';
import { createLogger, type Logger } from '../logger.ts';
import { type AgentLimits, createPolicyAgent } from './policy-agent.ts';

const pod = { podNamespace: 'shop', podName: 'web-0' };
const patient = { connectMs: 100, enforceMs: 20_000, forgetMs: 20_000 };
const hasty = { connectMs: 100, enforceMs: 50, forgetMs: 50 };
const { signal } = new AbortController();

let directory: string;
let socketPath: string;
let agent: FakePolicyAgent;
let mute: Server | undefined;
let warnings: unknown[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'npa-'));
  socketPath = join(directory, 'npa.sock');
  agent = await startFakePolicyAgent(socketPath);
  warnings = [];
});
afterEach(async () => {
  await agent.kill();
  mute?.close();
  mute = undefined;
  await rm(directory, { recursive: true });
});

function connect(limits = patient): PolicyPort {
  const quiet = createLogger({ file: '/dev/null', level: 'fatal' });
  const warn = (facts: unknown) => void warnings.push(facts);
  const log = Object.assign(Object.create(quiet), { warn }) as Logger;
  return createPolicyAgent({ socketPath, mode: 'Strict', log, limits });
}
const enforce = (policies: PolicyPort) => policies.enforce(pod, { interfaceCount: 1, signal });

test('is told the pod, the mode as it was written, and how many interfaces there are', async () => {
  const policies = connect();
  expect(await enforce(policies)).toBeUndefined();
  expect(await policies.forget(pod)).toBeUndefined();
  expect(agent.asked).toEqual([
    { method: 'EnforceNpToPod', pod: 'shop/web-0', mode: 'Strict', interfaceCount: 1 },
    { method: 'DeletePodNp', pod: 'shop/web-0' },
  ]);
  expect(warnings).toEqual([]);
});

test('is waited for until it has answered', async () => {
  let answer = (_: boolean) => {};
  agent.answerWith(() => new Promise((resolve) => (answer = resolve)));
  let isDone = false;
  const enforcing = enforce(connect()).finally(() => (isDone = true));
  while (agent.asked.length === 0) await new Promise(setImmediate);
  expect(isDone).toBe(false);
  answer(true);
  expect(await enforcing).toBeUndefined();
});

const withStatus = (code: number, details: string): AgentAnswer =>
  function throwStatus() {
    throw Object.assign(new Error(details), { code, details });
  };

const troubles: readonly {
  readonly name: string;
  readonly answer: AgentAnswer;
  /** Default: such that no answer is too late. */
  readonly limits?: AgentLimits;
  readonly reason: string;
  readonly says: RegExp;
}[] = [
  { name: 'says no', answer: () => false, reason: 'agent-refused', says: /Success=false/ },
  {
    name: 'fails',
    answer: withStatus(13, 'no such map'),
    reason: 'agent-failed',
    says: /no such map/,
  },
  {
    name: 'is of a release that knows no such call',
    answer: withStatus(12, 'unknown service rpc.NPBackend'),
    reason: 'agent-failed',
    says: /unknown service/,
  },
  {
    name: 'does not answer in time',
    answer: () => new Promise(() => {}),
    limits: hasty,
    reason: 'agent-failed',
    says: /deadline|timed out/,
  },
  {
    name: 'dies while it is asked',
    answer: async () => {
      await agent.kill();
      return new Promise(() => {});
    },
    reason: 'agent-failed',
    says: /./,
  },
];

describe.each(troubles)('one that $name', ({ answer, limits = patient, reason, says }) => {
  beforeEach(() => agent.answerWith(answer));

  test('has not enforced', async () => {
    const failure = await enforce(connect(limits));
    expect(failure).toEqual({ reason, message: expect.stringMatching(says) });
    expect(failure?.message).toMatch(`${socketPath}, the socket of the network policy agent: `);
    expect(failure?.message).toMatch(/kubectl .* -c aws-eks-nodeagent/);
  });

  test('has not been told that a pod is gone, which is logged', async () => {
    const failure = await connect(limits).forget(pod);
    expect(failure).toMatchObject({ reason });
    expect(warnings).toEqual([{ ...pod, ...failure }]);
  });
});

describe('one that is not there', () => {
  beforeEach(() => agent.kill());

  test.each([
    ['to be asked', enforce],
    ['to be told', (policies: PolicyPort) => policies.forget(pod)],
  ])('%s is away, which says what to do', async (_, ask) => {
    expect(await ask(connect())).toEqual({
      reason: 'agent-away',
      message: expect.stringMatching(
        /npa\.sock.*ENOENT.*leave NETWORK_POLICY_ENFORCING_MODE out; otherwise look at: kubectl/,
      ),
    });
  });

  test('comes while it is waited for', async () => {
    const enforcing = enforce(connect({ ...patient, connectMs: 20_000 }));
    await new Promise((resolve) => setTimeout(resolve, 60));
    agent = await startFakePolicyAgent(socketPath);
    expect(await enforcing).toBeUndefined();
  });

  test('is not waited for when the runtime gives the pod up', async () => {
    const givenUp = new AbortController();
    const policies = connect({ ...patient, connectMs: 3_600_000 });
    const enforcing = policies.enforce(pod, { interfaceCount: 1, signal: givenUp.signal });
    givenUp.abort();
    expect(await enforcing).toMatchObject({ reason: 'agent-away' });
  });
});

test('one that was started anew is asked', async () => {
  const policies = connect();
  await enforce(policies);
  await agent.kill();
  expect(await enforce(policies)).toMatchObject({ reason: 'agent-away' });
  agent = await startFakePolicyAgent(socketPath);
  expect(await enforce(policies)).toBeUndefined();
});

test('one that accepts and stays silent holds nobody up', async () => {
  await agent.kill();
  const callers: Socket[] = [];
  mute = createServer((caller) => callers.push(caller)).listen(socketPath);
  expect(await enforce(connect(hasty))).toMatchObject({ reason: 'agent-failed' });
  expect(await connect(hasty).forget(pod)).toMatchObject({ reason: 'agent-failed' });
  for (const caller of callers) caller.destroy();
});

test('what the runtime gave up is not asked for any longer', async () => {
  const givenUp = new AbortController();
  agent.answerWith(() => {
    givenUp.abort(new Error('the caller hung up'));
    return new Promise(() => {});
  });
  const options = { interfaceCount: 1, signal: givenUp.signal };
  expect(await connect().enforce(pod, options)).toMatchObject({
    reason: 'agent-failed',
    message: expect.stringContaining('the caller hung up'),
  });
});

test('many pods at once share a connection that was just lost', async () => {
  const policies = connect();
  await enforce(policies);
  await agent.kill();
  agent = await startFakePolicyAgent(socketPath);
  const answers = await Promise.all(Array.from({ length: 50 }, () => enforce(policies)));
  expect(answers.filter((failure) => failure !== undefined)).toEqual([]);
});
