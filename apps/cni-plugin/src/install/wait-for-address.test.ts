import { expect, test } from '@jest/globals';
import { waitForAddress } from './wait-for-address.ts';

/** Waits while the daemon gives these answers, one after the other; the last one stays. */
async function wait(answers: readonly (string | undefined)[], limitMs = 10_000) {
  let [nowMs, asked] = [0, 0];
  const culprits: string[] = [];
  const waited = await waitForAddress({
    ask: async () => {
      const message = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      return message === undefined ? undefined : { message };
    },
    limitMs,
    clock: {
      monotonicMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
    },
    onCulprit: (culprit) => culprits.push(`${nowMs} ${culprit}`),
  });
  return { waited, culprits, nowMs };
}

test('an address that is there needs no waiting', async () => {
  expect(await wait([undefined])).toEqual({ waited: { kind: 'usable' }, culprits: [], nowMs: 0 });
});

test('one that comes is noticed within a tenth of a second', async () => {
  const { waited, nowMs } = await wait(['reading metadata', 'reading metadata', undefined]);
  expect({ waited, nowMs }).toEqual({ waited: { kind: 'usable' }, nowMs: 200 });
});

test('each culprit is named when it is a new one, once a second at most', async () => {
  const answers = [...Array(15).fill('IMDS'), ...Array(15).fill('EC2'), undefined];
  expect((await wait(answers)).culprits).toEqual(['0 IMDS', '1500 EC2']);
  const figures = Array.from({ length: 25 }, (_, count) => `try ${count}`);
  expect((await wait([...figures, undefined])).culprits).toEqual([
    '0 try 0',
    '1000 try 10',
    '2000 try 20',
  ]);
});

test('one that never comes ends with the culprit', async () => {
  expect(await wait(['the subnet is full'], 3_000)).toEqual({
    waited: { kind: 'timed-out', culprit: 'the subnet is full' },
    culprits: ['0 the subnet is full'],
    nowMs: 3_000,
  });
});
