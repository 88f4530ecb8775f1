import { beforeEach, expect, test } from '@jest/globals';
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

test('different attachments do not wait for each other', async () => {
  const release = outside.hold('set up');
  const adding = [cni('ADD', { container: 'a' }), cni('ADD', { container: 'b' })];
  await turns();
  expect(outside.log).toEqual(expect.arrayContaining(['set up a', 'set up b']));
  release();
  await Promise.all(adding);
});
