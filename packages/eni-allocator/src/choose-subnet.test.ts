import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  chooseSubnet,
  recordTrouble,
  type SubnetCandidate,
  type SubnetNeed,
  type SubnetRecord,
  type SubnetTrouble,
} from './choose-subnet.ts';

const nowMs = 1_000_000_000;
const nineAddresses: SubnetNeed = { kind: 'addresses', count: 9 };
const twoPrefixes: SubnetNeed = { kind: 'prefixes', count: 2 };

const free = (name: string, freeAddressCount?: number): SubnetCandidate => ({
  subnetId: `subnet-${name}`,
  ...(freeAddressCount === undefined ? {} : { freeAddressCount }),
});

/** What there is to know of a subnet that refused `failureCount` times, the last one `agoS` ago. */
const refused = (trouble: SubnetTrouble, agoS: number, failureCount = 1): SubnetRecord => ({
  trouble,
  failureCount,
  lastAtMs: nowMs - agoS * 1_000,
});

interface Case {
  readonly name: string;
  readonly candidates: readonly SubnetCandidate[];
  readonly need?: SubnetNeed;
  readonly records?: Readonly<Record<`subnet-${string}`, SubnetRecord>>;
  readonly chosen: string | undefined;
}

const cases: readonly Case[] = [
  { name: 'nothing of nothing', candidates: [], chosen: undefined },
  {
    name: 'the one with most room',
    candidates: [free('a', 50), free('b', 90)],
    chosen: 'subnet-b',
  },
  { name: 'the first of equals', candidates: [free('b', 50), free('a', 50)], chosen: 'subnet-b' },
  { name: 'a known figure first', candidates: [free('a'), free('b', 10)], chosen: 'subnet-b' },
  {
    name: 'an unknown figure rather than too few',
    candidates: [free('a', 9), free('b')],
    chosen: 'subnet-b',
  },
  {
    name: 'too few rather than nothing, for reservations do not show',
    candidates: [free('a', 20), free('b', 30)],
    need: twoPrefixes,
    chosen: 'subnet-b',
  },
  {
    name: 'another one while the largest rests',
    candidates: [free('a', 500), free('b', 50)],
    records: { 'subnet-a': refused('full', 119) },
    chosen: 'subnet-b',
  },
  {
    name: 'none while all rest',
    candidates: [free('a', 500)],
    records: { 'subnet-a': refused('full', 119) },
    chosen: undefined,
  },
  {
    name: 'a rested one again',
    candidates: [free('a', 500)],
    records: { 'subnet-a': refused('full', 120) },
    chosen: 'subnet-a',
  },
  {
    name: 'a rested one as half as large as it is',
    candidates: [free('a', 90), free('b', 50)],
    records: { 'subnet-a': refused('full', 120) },
    chosen: 'subnet-b',
  },
  {
    name: 'none that refused again, for twice as long',
    candidates: [free('a', 500)],
    records: { 'subnet-a': refused('full', 239, 2) },
    chosen: undefined,
  },
  {
    name: 'one that refused often after 16 minutes',
    candidates: [free('a', 500)],
    records: { 'subnet-a': refused('not-found', 960, 30) },
    chosen: 'subnet-a',
  },
  {
    name: 'no fragmented one for prefixes',
    candidates: [free('a', 500), free('b', 50)],
    need: twoPrefixes,
    records: { 'subnet-a': refused('no-free-prefix', 10) },
    chosen: 'subnet-b',
  },
  {
    name: 'a fragmented one for single addresses',
    candidates: [free('a', 90), free('b', 50)],
    records: { 'subnet-a': refused('no-free-prefix', 10) },
    chosen: 'subnet-a',
  },
];

describe('chooseSubnet takes', () => {
  test.each(cases)('$name', ({ candidates, need = nineAddresses, records = {}, chosen }) => {
    const known = new Map(Object.entries(records)) as ReadonlyMap<`subnet-${string}`, SubnetRecord>;
    expect(chooseSubnet(candidates, need, known, nowMs).chosen?.subnetId).toBe(chosen);
  });
});

test('chooseSubnet says who rests, why, and until when', () => {
  const records = new Map([
    ['subnet-a', refused('full', 20)],
    ['subnet-b', refused('no-free-prefix', 20, 2)],
  ] as const);
  const choice = chooseSubnet([free('a', 9), free('b', 9)], twoPrefixes, records, nowMs);
  expect(choice).toEqual({
    resting: [
      { subnetId: 'subnet-a', trouble: 'full', untilMs: nowMs + 100_000 },
      { subnetId: 'subnet-b', trouble: 'no-free-prefix', untilMs: nowMs + 220_000 },
    ],
  });
});

test.each([
  ['a first refusal', [0], 120],
  ['another after the rest', [0, 120], 120 + 240],
  ['two of requests in parallel', [0, 1], 1 + 120],
  ['refusals without end', [0, 500, 1_500, 2_500, 3_500, 4_500], 4_500 + 960],
])('after %s a subnet rests', (_, atS, untilS) => {
  const record = atS.reduce<SubnetRecord | undefined>(
    (previous, s) => recordTrouble(previous, 'full', nowMs + 1_000 * s),
    undefined,
  );
  const records = new Map(record === undefined ? [] : [['subnet-a', record] as const]);
  const { resting } = chooseSubnet([free('a', 9)], nineAddresses, records, record?.lastAtMs ?? 0);
  expect(resting.map(({ untilMs }) => (untilMs - nowMs) / 1_000)).toEqual([untilS]);
});

test('chooseSubnet never takes a resting one, and always takes one that does not rest', () => {
  const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
  const figures = fc.array(fc.option(fc.nat(100), { nil: undefined }), {
    minLength: 4,
    maxLength: 4,
  });
  const history = fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      trouble: fc.constantFrom<SubnetTrouble>('full', 'no-free-prefix', 'not-found'),
      agoMs: fc.nat(400_000),
    }),
  );
  fc.assert(
    fc.property(ids, figures, history, fc.boolean(), (names, counts, troubles, wantsPrefixes) => {
      const candidates = names.map((name, at) => free(name, counts[at]));
      const records = new Map<`subnet-${string}`, SubnetRecord>();
      for (const { id, trouble, agoMs } of troubles) {
        const key = `subnet-${id}` as const;
        records.set(key, recordTrouble(records.get(key), trouble, nowMs - agoMs));
      }
      const need = wantsPrefixes ? twoPrefixes : nineAddresses;
      const { chosen, resting } = chooseSubnet(candidates, need, records, nowMs);
      const awake = candidates.filter((one) => !resting.some((r) => r.subnetId === one.subnetId));
      expect(chosen === undefined).toBe(awake.length === 0);
      expect(chosen === undefined || awake.includes(chosen)).toBe(true);
      expect(resting.every(({ untilMs }) => untilMs > nowMs)).toBe(true);
    }),
  );
});
