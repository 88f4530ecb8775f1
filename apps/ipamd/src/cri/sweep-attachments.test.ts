import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AttachmentRequest } from '@vpc-cni/cni-spec';
import { type AddressBook, recoveredKey } from '@vpc-cni/ipam';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { readConfig } from '../config.ts';
import { createLogger } from '../logger.ts';
import { createBook, keyOf } from './book.fixture.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { runningSandboxes } from './running-sandboxes.ts';
import { sweepAttachments } from './sweep-attachments.ts';

const MINUTE_MS = 60_000;

let clock: FakeClock;
let book: AddressBook;
let runtime: FakeRuntime;
let ending: AbortController;
let sweeping: Promise<void>;
let failDels: boolean;
let dels: AttachmentRequest[];
const log = createLogger({ file: '/dev/null', level: 'fatal' });

const reserve = (containerId: string) => book.reserve(keyOf(containerId), {}, clock.nowMs());
/** Beside `anchor`, by which the runtime is known to be ours. */
const held = () =>
  book
    .reservations()
    .map(({ key }) => key.containerId)
    .filter((id) => id !== 'anchor');

beforeEach(() => {
  clock = createFakeClock();
  runtime = createFakeRuntime();
  ending = new AbortController();
  dels = [];
  failDels = false;
  book = createBook();
  reserve('anchor');
  runtime.run('anchor');
  sweeping = sweepAttachments(
    {
      config: readConfig({ AWS_VPC_K8S_CNI_VETHPREFIX: 'abc' }),
      clock,
      log,
      signal: ending.signal,
    },
    {
      runtime,
      attachments: () => book.reservations(),
      handlers: {
        del: async (request) => {
          dels.push(request);
          if (failDels) throw new Error('EBUSY');
          const { containerId, ifName, conf } = request;
          book.release(
            { networkName: conf.name, containerId, interfaceName: ifName },
            clock.nowMs(),
          );
        },
      },
    },
  );
});
afterEach(async () => {
  ending.abort();
  await sweeping;
});

test('a sandbox that is gone is taken down once it was missed twice, after the grace', async () => {
  for (const id of ['web', 'db']) {
    reserve(id);
    runtime.run(id);
  }
  runtime.run('of-another-network');
  await clock.advance(60 * MINUTE_MS);
  runtime.remove('web');
  await clock.advance(5 * MINUTE_MS);
  expect(held()).toEqual(['web', 'db']);
  await clock.advance(5 * MINUTE_MS);
  expect(held()).toEqual(['db']);
  expect(dels).toMatchObject([
    {
      containerId: 'web',
      ifName: 'eth0',
      netns: '',
      conf: { name: 'aws-cni', raw: { vethPrefix: 'abc' } },
    },
  ]);
  expect(runtime.addressQuestions).toBe(0);
});

test('an ADD under way is not taken for dead: its sandbox is listed only after it', async () => {
  await clock.advance(4 * MINUTE_MS);
  reserve('slow');
  await clock.advance(10 * MINUTE_MS);
  runtime.run('slow');
  await clock.advance(60 * MINUTE_MS);
  expect(held()).toEqual(['slow']);
});

test('a sandbox that has stopped is kept until it is removed', async () => {
  reserve('web');
  runtime.run('web', { isReady: false });
  await clock.advance(60 * MINUTE_MS);
  expect(held()).toEqual(['web']);
});

test('while the runtime does not answer nothing goes, and being missed counts anew', async () => {
  reserve('web');
  runtime.fail(true);
  await clock.advance(60 * MINUTE_MS);
  runtime.fail(false);
  await clock.advance(5 * MINUTE_MS);
  runtime.fail(true);
  await clock.advance(5 * MINUTE_MS);
  runtime.fail(false);
  await clock.advance(5 * MINUTE_MS);
  expect(held()).toEqual(['web']);
  await clock.advance(5 * MINUTE_MS);
  expect(held()).toEqual([]);
});

test('a DEL that fails is tried again, and keeps no other from its turn', async () => {
  reserve('web');
  reserve('db');
  failDels = true;
  await clock.advance(15 * MINUTE_MS);
  await clock.advance(5 * MINUTE_MS);
  expect(held()).toEqual(['web', 'db']);
  expect(dels.length).toBeGreaterThanOrEqual(2);
  failDels = false;
  await clock.advance(5 * MINUTE_MS);
  expect(held()).toEqual([]);
});

test('an address whose attachment is not known goes once no pod has it', async () => {
  const [address, other] = ['10.0.0.17', '10.0.0.18'] as const;
  const allocations = [address, other].map((ipv4) => ({
    key: recoveredKey(ipv4),
    networkCardIndex: 0,
    ipv4,
    allocatedAtNs: BigInt(clock.nowMs()) * 1_000_000n,
    metadata: {},
  }));
  book.restore({ allocations, recentReleases: [], intents: [] }, clock.nowMs());
  runtime.run('web', { address });
  await clock.advance(60 * MINUTE_MS);
  expect(held()).toEqual([recoveredKey(address).containerId]);
});

test('it ends with the daemon', async () => {
  ending.abort();
  await expect(sweeping).resolves.toBeUndefined();
});

test('pods that run are told with their addresses, for a checkpoint that is lost', async () => {
  runtime.run('web', { address: '10.0.0.17', podName: 'web-0' });
  runtime.run('in-the-node-network');
  runtime.run('stopped', { address: '10.0.0.18', isReady: false });
  runtime.run('ipv6', { address: 'fd00::1' });
  runtime.run('odd', { address: 'none' });
  expect(await runningSandboxes(runtime, { log, signal: ending.signal })).toEqual([
    { containerId: 'web', address: '10.0.0.17', podNamespace: 'default', podName: 'web-0' },
    { containerId: 'ipv6', address: 'fd00::1', podNamespace: 'default', podName: 'ipv6' },
  ]);
  runtime.fail(true);
  expect(await runningSandboxes(runtime, { log, signal: ending.signal })).toEqual([]);
});
