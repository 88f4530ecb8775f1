import { expect, test } from '@jest/globals';
import { type ActionLedger, createActionLedger, type StartedAction } from './action-ledger.ts';

const assign: StartedAction = {
  kind: 'assign-addresses',
  eniId: 'eni-1',
  count: 1,
  reason: 'below-warm-ips',
};
const create: StartedAction = { kind: 'create-eni', addressCount: 1, reason: 'below-warm-ips' };

interface Case {
  readonly name: string;
  readonly before?: (ledger: ActionLedger) => void;
  readonly after?: (ledger: ActionLedger) => void;
  readonly eni: { readonly eniId: `eni-${string}`; readonly isKnown: boolean };
  readonly isUntouched: boolean;
}

const known = { eniId: 'eni-1', isKnown: true } as const;
const unknown = { eniId: 'eni-9', isKnown: false } as const;

const cases: readonly Case[] = [
  { name: 'nothing happened', eni: known, isUntouched: true },
  {
    name: 'an action on it ended before',
    before: (ledger) => {
      ledger.begin(assign);
      ledger.end(assign);
    },
    eni: known,
    isUntouched: true,
  },
  {
    name: 'an action on it is still under way',
    before: (ledger) => ledger.begin(assign),
    eni: known,
    isUntouched: false,
  },
  {
    name: 'an action on it began and ended since',
    after: (ledger) => {
      ledger.begin(assign);
      ledger.end(assign);
    },
    eni: known,
    isUntouched: false,
  },
  {
    name: 'another ENI changed',
    after: (ledger) => ledger.begin({ ...assign, eniId: 'eni-2' }),
    eni: known,
    isUntouched: true,
  },
  {
    name: 'it is unknown while one is being created',
    before: (ledger) => ledger.begin(create),
    eni: unknown,
    isUntouched: false,
  },
  {
    name: 'it is known while another is being created',
    before: (ledger) => ledger.begin(create),
    eni: known,
    isUntouched: true,
  },
];

test.each(cases)('$name: untouched is $isUntouched', ({ before, after, eni, isUntouched }) => {
  const ledger = createActionLedger();
  before?.(ledger);
  const mark = ledger.mark();
  after?.(ledger);
  expect(ledger.isUntouchedSince(mark, eni)).toBe(isUntouched);
});
