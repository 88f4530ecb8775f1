import { beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeOutside, type FakeOutside } from './fake-outside.ts';
import { createFakeRuntime, type FakeRuntime } from './fake-runtime.ts';
import { createPluginHandlers } from './handlers.ts';

// Operations that come while another one is under way.

let outside: FakeOutside;
let cni: FakeRuntime;

beforeEach(() => {
  outside = createFakeOutside();
  cni = createFakeRuntime(createPluginHandlers(outside));
});

const OTHER_POD = 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=other-pod';

const gc = () => cni('GC', { conf: { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] } });
const add = ['reserve a', 'set up a', 'a is set up'];
const takeDown = ['tear down a', 'a is torn down', 'release a'];

/** `second` begins while `first` is in the middle of `operation` of a; both end. */
async function overlap(
  operation: 'set up' | 'tear down',
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
) {
  const release = outside.hold(operation);
  const ending = [first()];
  await turns();
  expect(outside.log.at(-1)).toBe(`${operation} a`);
  ending.push(second());
  await turns();
  release();
  await Promise.all(ending);
}

/** Lets everything that can go on go on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('a DEL waits for the ADD of the same attachment', async () => {
  await overlap(
    'set up',
    () => cni('ADD'),
    () => cni('DEL'),
  );
  expect(outside.log).toEqual([...add, ...takeDown]);
});

test('an ADD waits for the DEL of the same attachment', async () => {
  await cni('ADD');
  await overlap(
    'tear down',
    () => cni('DEL'),
    () => cni('ADD'),
  );
  expect(outside.log).toEqual([...add, ...takeDown, ...add]);
});

test('a CHECK waits for the DEL of the same attachment', async () => {
  await cni('ADD');
  let checked: unknown;
  await overlap(
    'tear down',
    () => cni('DEL'),
    async () => {
      checked = (await cni('CHECK')).output;
    },
  );
  expect(checked).toMatchObject({ code: 3 });
});

test('GC waits for the ADD of an attachment that it is to remove', async () => {
  await overlap('set up', () => cni('ADD'), gc);
  expect(outside.log).toEqual([...add, ...takeDown]);
});

test('GC leaves alone what a DEL removed meanwhile', async () => {
  await cni('ADD');
  await overlap('tear down', () => cni('DEL'), gc);
  expect(outside.log).toEqual([...add, ...takeDown, 'release a']);
});

test('attachments of different pods do not wait for each other', async () => {
  const release = outside.hold('set up');
  const adding = [cni('ADD', { container: 'a' }), cni('ADD', { container: 'b', args: OTHER_POD })];
  await turns();
  expect(outside.log).toEqual(expect.arrayContaining(['set up a', 'set up b']));
  release();
  for (const { exitCode } of await Promise.all(adding)) expect(exitCode).toBe(0);
});

describe('a DEL ends the ADD of the same attachment', () => {
  test('that waits for an address', async () => {
    outside.hold('reserve');
    const adding = cni('ADD');
    await turns();
    expect((await cni('DEL')).exitCode).toBe(0);
    expect((await adding).output).toMatchObject({ code: 103, msg: expect.stringMatching('DEL') });
    expect(outside.log).toEqual(['reserve a', 'release a']);
  });

  test('that waits for its turn', async () => {
    await cni('ADD');
    const release = outside.hold('tear down');
    const ending = [cni('DEL')];
    await turns();
    const adding = cni('ADD');
    await turns();
    ending.push(cni('DEL'));
    await turns();
    release();
    await Promise.all(ending);
    expect((await adding).output).toMatchObject({ code: 103 });
    expect(outside.log).toEqual([...add, ...takeDown, 'release a']);
  });

  test('and none that comes after it', async () => {
    await cni('ADD');
    const release = outside.hold('tear down');
    const deleting = cni('DEL');
    await turns();
    const adding = cni('ADD');
    await turns();
    release();
    await deleting;
    expect((await adding).exitCode).toBe(0);
  });
});

// Host links are named after the pod: its sandboxes, here a and b, come after one another.
describe('the next sandbox of a pod', () => {
  const addOfB = ['set up b', 'b is set up'];
  const addNext = () => cni('ADD', { container: 'b' });
  const overtaken = {
    exitCode: 1,
    output: { code: 103, msg: expect.stringMatching('ADD of b, the pod.s next sandbox') },
  };

  test('ends the ADD of the one before that waits for an address', async () => {
    const release = outside.hold('reserve');
    const before = cni('ADD');
    await turns();
    const next = addNext();
    expect(await before).toMatchObject(overtaken);
    release();
    expect((await next).exitCode).toBe(0);
    expect(outside.log).toEqual(['reserve a', 'reserve b', 'set up b', 'b is set up']);
    expect(outside.hostLinks.get('sample-pod')).toBe('b');
  });

  test('is wired after the one before, never at once', async () => {
    await overlap('set up', () => cni('ADD'), addNext);
    expect(outside.log).toEqual(['reserve a', 'set up a', 'reserve b', 'a is set up', ...addOfB]);
    expect(outside.hostLinks.get('sample-pod')).toBe('b');
  });

  test('keeps the one before from being wired late, and from keeping its address', async () => {
    await cni('ADD', { container: 'z' });
    const release = outside.hold('tear down');
    const deleting = cni('DEL', { container: 'z' });
    const before = cni('ADD');
    await turns();
    expect(outside.log).toContain('reserve a'); // and waits for the links of z
    const next = addNext();
    await turns();
    release();
    await deleting;
    expect(await before).toMatchObject(overtaken);
    expect((await next).exitCode).toBe(0);
    expect(outside.log).toContain('release a');
    expect(outside.log).not.toContain('set up a');
    expect(outside.hostLinks.get('sample-pod')).toBe('b');
  });

  test('stays when the one before is deleted late', async () => {
    await cni('ADD');
    await addNext();
    expect((await cni('DEL')).exitCode).toBe(0);
    expect(outside.hostLinks.get('sample-pod')).toBe('b');
    expect(outside.log.slice(-3)).toEqual(takeDown);
  });

  test('is none in another pod, and none on another interface', async () => {
    const release = outside.hold('reserve');
    const adding = [
      cni('ADD'),
      cni('ADD', { container: 'b', args: OTHER_POD }),
      cni('ADD', { container: 'c', ifName: 'net1' }),
    ];
    await turns();
    release();
    for (const { exitCode } of await Promise.all(adding)) expect(exitCode).toBe(0);
  });
});
