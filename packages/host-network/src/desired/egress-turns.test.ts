import { expect, test } from '@jest/globals';
import { isEgressAddress } from './egress-cidrs.ts';
import { egressAddressesAfter } from './egress-turns.ts';

// What host-local of the CNI project has done with these ranges: plugin-and-host-network §7.1.
test.each([
  { family: 'ipv4', first: '169.254.172.2', last: '169.254.175.254', count: 1021 },
  { family: 'ipv6', first: 'fd00::ac:2', last: 'fd00::ac:3ff', count: 1022 },
] as const)('$family: from $first to $last, each once', ({ family, first, last, count }) => {
  const all = [...egressAddressesAfter('', family)];
  expect([all[0], all.at(-1)]).toEqual([first, last]);
  expect(new Set(all).size).toBe(count);
  expect(all.every(isEgressAddress)).toBe(true);
});

test.each([
  { after: 'fd00::ac:2', next: 'fd00::ac:3' },
  { after: 'fd00::ac:ff', next: 'fd00::ac:100' },
  { after: 'fd00::ac:3ff', next: 'fd00::ac:2' },
  { after: 'fd00::ac:0', next: 'fd00::ac:2' },
  { after: 'fd00::ac:1', next: 'fd00::ac:2' },
  { after: 'fd00::ad:7', next: 'fd00::ac:2' },
  { after: '169.254.172.9', next: 'fd00::ac:2' },
  { after: 'fd00::ac', next: 'fd00::ac:2' },
  { after: 'garbage', next: 'fd00::ac:2' },
])('after "$after" comes $next, and itself comes last', ({ after, next }) => {
  const turns = [...egressAddressesAfter(after, 'ipv6')];
  expect(turns[0]).toBe(next);
  if (turns.some((address) => address === after)) expect(turns.at(-1)).toBe(after);
});
