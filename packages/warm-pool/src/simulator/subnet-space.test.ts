import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRandom } from './random.ts';
import { createSubnetSpace, type SubnetConfig } from './subnet-space.ts';

const subnet = (config: SubnetConfig = {}) =>
  createSubnetSpace(config, { subnetIndex: 0, random: createRandom(1) });

const cases: readonly {
  readonly name: string;
  readonly config: SubnetConfig;
  readonly freeCount: number;
  readonly freePrefixCount: number;
}[] = [
  // EC2 keeps five addresses: the first four and the last one.
  { name: 'a /24', config: { prefixLength: 24 }, freeCount: 251, freePrefixCount: 14 },
  { name: 'a /28', config: { prefixLength: 28 }, freeCount: 11, freePrefixCount: 0 },
  {
    name: 'a /24 that others use up',
    config: { prefixLength: 24, usedShare: 1 },
    freeCount: 0,
    freePrefixCount: 0,
  },
  {
    name: 'a /24 with one address gone in every block',
    config: { prefixLength: 24, fragmentation: 1 },
    freeCount: 251 - 16,
    freePrefixCount: 0,
  },
];

test.each(cases)('$name has the free space it has', ({ config, freeCount, freePrefixCount }) => {
  expect(subnet(config)).toMatchObject({ freeCount, freePrefixCount });
});

test('single addresses break into a whole block only when no broken one is left', () => {
  const space = subnet({ prefixLength: 26 });
  expect(space.freePrefixCount).toBe(2);
  expect(space.takeAddresses(27)).toHaveLength(27);
  expect(space.freePrefixCount).toBe(2);
  expect(space.takeAddresses(1)).toEqual(['10.0.0.16']);
  expect(space.freePrefixCount).toBe(1);
});

test('a request is met in full or not at all', () => {
  const space = subnet({ prefixLength: 28 });
  expect(space.takeAddresses(12)).toBeUndefined();
  expect(space.takePrefixes(1)).toBeUndefined();
  expect(space.freeCount).toBe(11);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constant('take-prefixes' as const), count: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ kind: fc.constant('give-back' as const), count: fc.integer({ min: 1, max: 25 }) }),
);

test('no address is given out twice, and none is lost', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 22, max: 28 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(step, { maxLength: 60 }),
      (prefixLength, fragmentation, steps) => {
        const space = subnet({ prefixLength, fragmentation });
        const { freeCount, freePrefixCount } = space;
        const held: string[] = [];
        const size = (text: string) => (text.endsWith('/28') ? 16 : 1);
        for (const { kind, count } of steps) {
          if (kind === 'give-back') {
            for (const text of held.splice(0, count)) {
              if (size(text) === 16) space.giveBackPrefix(text);
              else space.giveBackAddress(text);
            }
          } else {
            const take = kind === 'take' ? 'takeAddresses' : 'takePrefixes';
            held.push(...(space[take](count) ?? []));
          }
          const heldCount = held.reduce((sum, text) => sum + size(text), 0);
          expect(space.freeCount).toBe(freeCount - heldCount);
          expect(new Set(held.flatMap(addressesOf)).size).toBe(heldCount);
        }
        for (const text of held) {
          if (size(text) === 16) space.giveBackPrefix(text);
          else space.giveBackAddress(text);
        }
        expect(space).toMatchObject({ freeCount, freePrefixCount });
      },
    ),
  );
});

function addressesOf(text: string): readonly string[] {
  const [base = '', isPrefix] = text.split('/');
  const octets = base.split('.');
  const last = Number(octets.pop());
  return Array.from(
    { length: isPrefix ? 16 : 1 },
    (_, offset) => `${octets.join('.')}.${last + offset}`,
  );
}
