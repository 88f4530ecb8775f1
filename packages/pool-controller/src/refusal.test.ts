import { expect, test } from '@jest/globals';
import type { Refusal } from '@vpc-cni/warm-pool';
import type { GrowthBlock } from './growth-block.ts';
import { type Limit, type LimitReason, limitIn, type Outlook, refusalFor } from './refusal.ts';

const NOW = 1_000_000;
const DEADLINE = NOW + 10_000;

const block = (waitMs: number): GrowthBlock => ({
  reason: 'subnet-full',
  message: 'subnet-1 is full',
  untilMs: NOW + waitMs,
  failureCount: 1,
});

const limit = (reason: LimitReason): Limit => ({ reason, message: `there is a ${reason}` });

const outlook = (changes: Partial<Outlook> & { readonly nextCooledAtMs?: number }): Outlook => ({
  nowMs: NOW,
  statistics: {
    totalCount: 3,
    reservedCount: 2,
    coolingCount: changes.nextCooledAtMs === undefined ? 0 : 1,
    drainingCount: 0,
    strandedCount: 0,
    closedCount: 0,
    reservableNowCount: 0,
    prefixCount: 0,
    unusedPrefixCount: 0,
    nextCooledAtMs: changes.nextCooledAtMs,
    lastReleasedAtMs: undefined,
  },
  isGrowing: false,
  block: undefined,
  limit: undefined,
  ...changes,
});

const cases: readonly { name: string; outlook: Outlook; nowMs?: number; told: string }[] = [
  { name: 'waits while something grows', outlook: outlook({ isGrowing: true }), told: 'waits' },
  { name: 'waits while the plan is free to grow', outlook: outlook({}), told: 'waits' },
  {
    name: 'waits for a cooling address that matures in time',
    outlook: outlook({ limit: limit('eni-limit'), nextCooledAtMs: NOW + 9_000 }),
    told: 'waits',
  },
  {
    name: 'gives up on one that matures too late',
    outlook: outlook({ limit: limit('eni-limit'), nextCooledAtMs: NOW + 11_000 }),
    told: 'cooling',
  },
  {
    name: 'waits for the end of a short back-off',
    outlook: outlook({ block: block(2_000) }),
    told: 'waits',
  },
  {
    name: 'gives up when the back-off outlasts the deadline',
    outlook: outlook({ block: block(120_000) }),
    told: 'subnet-full',
  },
  {
    name: 'gives up at a limit',
    outlook: outlook({ limit: limit('at-max-pods') }),
    told: 'at-max-pods',
  },
  {
    name: 'is not told the limit while what grows may be what takes the last slot',
    outlook: outlook({ isGrowing: true, limit: limit('eni-limit'), nowMs: DEADLINE }),
    told: 'capacity-pending',
  },
  {
    name: 'is told what kept the pool from growing last while it tries again',
    outlook: outlook({
      isGrowing: true,
      limit: limit('eni-limit'),
      block: block(0),
      nowMs: DEADLINE,
    }),
    told: 'subnet-full',
  },
  {
    name: 'gives up at the deadline although something grows',
    outlook: outlook({ isGrowing: true, nowMs: DEADLINE }),
    told: 'capacity-pending',
  },
];

test.each(cases)('an ADD $name', ({ outlook, told }) => {
  expect(refusalFor(outlook, DEADLINE)?.reason ?? 'waits').toBe(told);
});

test.each([
  { name: 'a limit, with its figures', limit: limit('eni-limit'), says: 'there is a eni-limit' },
  {
    name: 'what EC2 said, while that is the reason',
    limit: limit('eni-limit'),
    block: block(120_000),
    says: 'subnet-1 is full',
  },
])('a refusal says $name', ({ says, ...changes }) => {
  expect(refusalFor(outlook(changes), DEADLINE)?.message).toContain(says);
});

const refused = (reason: LimitReason): Refusal =>
  ({ reason, missingCount: 1, surplusCount: 0, maxPods: 3, ceilingCount: 3 }) as Refusal;

test('full ENIs of a node that got no prefixes are a want of prefixes', () => {
  const shortage = { ...block(-1_000), message: 'subnet-1 has no whole /28' };
  const full: Refusal = { reason: 'eni-limit', missingCount: 1, eniCount: 3, eniLimit: 3 };
  expect(limitIn([full], NOW, shortage)).toEqual({
    reason: 'no-free-prefix',
    message:
      '1 address cannot be had: the ENIs are full, and 3 of at most 3 are in use. ' +
      'Single addresses take the room of prefixes: subnet-1 has no whole /28',
  });
});

test.each<[string, readonly LimitReason[], LimitReason | undefined]>([
  ['nothing is refused', [], undefined],
  ['the ENIs are full', ['eni-limit'], 'eni-limit'],
  ['there is no /28, and single addresses fit', ['no-free-prefix'], undefined],
  [
    'there is no /28, and single addresses do not fit',
    ['eni-limit', 'no-free-prefix'],
    'no-free-prefix',
  ],
  ['the node is cordoned and full', ['eni-limit', 'not-schedulable'], 'not-schedulable'],
  ['max-pods is reached', ['at-max-pods'], 'at-max-pods'],
  ['what is to be kept warm exceeds max-pods', ['at-max-pods', 'eni-limit'], 'eni-limit'],
])('the limit when %s', (_, reasons, expected) => {
  expect(limitIn(reasons.map(refused), NOW)?.reason).toBe(expected);
});
