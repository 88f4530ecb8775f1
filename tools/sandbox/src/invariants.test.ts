import { expect, test } from '@jest/globals';
import { contradictions, type NodeAccounts } from './invariants.ts';

/** Two pods, one of them on a secondary ENI, and an address in reserve. */
const AGREED: NodeAccounts = {
  reserved: ['10.0.0.1', '10.0.0.2'],
  checkpoint: ['10.0.0.1', '10.0.0.2'],
  attachments: ['10.0.0.1 web', '10.0.0.2 db'],
  sandboxes: ['10.0.0.1 web', '10.0.0.2 db'],
  rules: ['10.0.0.1', '10.0.0.2'],
  routes: ['10.0.0.1', '10.0.0.2'],
  links: ['eni1', 'eni2'],
  routedLinks: ['eni1', 'eni2'],
  fromRules: ['10.0.0.2 lookup 2'],
  expectedFromRules: ['10.0.0.2 lookup 2'],
  pool: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  ec2: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
};

test('accounts that agree have no contradictions, with or without a runtime', () => {
  expect(contradictions(AGREED)).toEqual([]);
  expect(contradictions({ ...AGREED, sandboxes: undefined })).toEqual([]);
});

const { sandboxes, ...others } = AGREED;
const columns = Object.entries({ ...others, sandboxes: sandboxes ?? [] });

test.each(columns)('one entry too few among %s is a contradiction', (name, entries) => {
  expect(contradictions({ ...AGREED, [name]: entries.slice(1) })).not.toEqual([]);
});

test.each(columns)('the same entry twice among %s is a contradiction', (name, entries) => {
  expect(contradictions({ ...AGREED, [name]: [...entries, ...entries] })).not.toEqual([]);
});

test('an address that everybody gives to two pods is a contradiction', () => {
  const twice = Object.fromEntries(
    columns.map(([name, entries]) => [name, [...entries, ...entries]]),
  );
  expect(contradictions({ ...AGREED, ...twice })).toEqual([
    expect.stringContaining('an address is held twice'),
  ]);
});
