import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { canHavePrefixes, canHaveTrunk, maxPods } from '../max-pods.ts';
import type { InstanceTypeLimits } from './instance-type-limits.ts';
import {
  HYPERVISOR_EXCEPTIONS,
  INSTANCE_TYPE_RULES,
  LIMITS_DATE,
  XEN_FAMILIES,
} from './instance-type-rules.ts';
import { knownInstanceTypes, limitsOf } from './limits-of.ts';

const all: readonly InstanceTypeLimits[] = knownInstanceTypes().flatMap(
  (instanceType) => limitsOf(instanceType) ?? [],
);
const familyNames = [...new Set(knownInstanceTypes().map((type) => type.split('.')[0] ?? ''))];
const sizesOf = (family: string) =>
  all
    .filter(
      ({ instanceType }) => /\d*xlarge$/.test(instanceType) && familyOf(instanceType) === family,
    )
    .sort((a, b) => multipleOf(a.instanceType) - multipleOf(b.instanceType));
const multipleOf = (instanceType: string) => Number(/(\d+)xlarge$/.exec(instanceType)?.[1] ?? 1);
const familyOf = (instanceType: string) => instanceType.split('.')[0] ?? '';

// Reference behaviour, "Instance limits and max pods" and "Max-pods".
test.each([
  ['t2.micro', 2, 2, 1, 'xen', 4],
  ['t3.nano', 2, 2, 1, 'nitro', 4],
  ['a1.medium', 2, 4, 1, 'nitro', 8],
  ['t3.small', 3, 4, 1, 'nitro', 11],
  ['t3.medium', 3, 6, 1, 'nitro', 17],
  ['m4.large', 2, 10, 1, 'xen', 20],
  ['m5.large', 3, 10, 1, 'nitro', 29],
  ['t3.xlarge', 4, 15, 1, 'nitro', 58],
  ['m4.4xlarge', 8, 30, 1, 'xen', 234],
  ['c5.4xlarge', 8, 30, 1, 'nitro', 234],
  ['a1.metal', 8, 30, 1, 'unknown', 234],
  ['g5.48xlarge', 7, 50, 1, 'nitro', 345],
  ['p3dn.24xlarge', 15, 50, 1, 'nitro', 737],
  ['c5n.18xlarge', 15, 50, 1, 'nitro', 737],
  ['m5.metal', 15, 50, 1, 'unknown', 737],
  ['p4d.24xlarge', 15, 50, 4, 'nitro', 737],
  ['p5.48xlarge', 2, 50, 32, 'nitro', 100],
  ['trn1.32xlarge', 5, 50, 8, 'nitro', 247],
] as const)('%s', (type, maxEnis, addressesPerEni, cardCount, hypervisor, pods) => {
  const limits = limitsOf(type);
  expect(limits).toMatchObject({ maxEnis, addressesPerEni, hypervisor });
  expect(limits?.networkCards).toHaveLength(cardCount);
  expect(limits && maxPods(limits)).toBe(pods);
});

test('all that is known of a type', () => {
  expect(limitsOf('c6in.metal')).toEqual({
    instanceType: 'c6in.metal',
    maxEnis: 8,
    addressesPerEni: 50,
    defaultNetworkCardIndex: 0,
    networkCards: [
      { networkCardIndex: 0, maxEnis: 8 },
      { networkCardIndex: 1, maxEnis: 8 },
    ],
    hypervisor: 'unknown',
    isBareMetal: true,
    maxBranchEnis: 106,
  });
});

// Reference behaviour: i3.2xlarge cannot have a trunk ENI, m8g.12xlarge can.
test.each([
  ['i3.2xlarge', 0],
  ['m8g.12xlarge', 54],
  ['m5.large', 9],
  ['m5.metal', 120],
  ['c8in.large', undefined],
])('%s can have %s branch ENIs', (type, count) => {
  expect(limitsOf(type)?.maxBranchEnis).toBe(count);
});

test.each(['', 'm5', 'm5.', 'M5.large', 'm5.xl', 'm5.3xlarge', 'constructor', 'z9.large'])(
  'does not know %p',
  (type) => {
    expect(limitsOf(type)).toBeUndefined();
  },
);

describe('the table', () => {
  const count = (condition: (limits: InstanceTypeLimits) => boolean) =>
    all.filter(condition).length;

  // Reference behaviour, "Instance limits and max pods".
  test('has as many types of each kind as the reference', () => {
    expect({
      types: all.length,
      families: new Set(all.map(({ instanceType }) => familyOf(instanceType))).size,
      nitro: count(({ hypervisor }) => hypervisor === 'nitro'),
      xen: count(({ hypervisor }) => hypervisor === 'xen'),
      unknown: count(({ hypervisor }) => hypervisor === 'unknown'),
      bareMetal: count(({ isBareMetal }) => isBareMetal),
      severalCards: count(({ networkCards }) => networkCards.length > 1),
      branchEnisNotKnown: count(({ maxBranchEnis }) => maxBranchEnis === undefined),
    }).toEqual({
      types: 1391,
      families: 196,
      nitro: 1150,
      xen: 80,
      unknown: 161,
      bareMetal: 160,
      severalCards: 67,
      branchEnisNotKnown: 228,
    });
  });

  const distribution = (figureOf: (limits: InstanceTypeLimits) => number) => {
    const figures = all.map(figureOf);
    const distinct = [...new Set(figures)].sort((a, b) => a - b);
    return distinct.map((one) => `${one}:${figures.filter((it) => it === one).length}`).join(' ');
  };

  // Reference behaviour, "Instance limits table".
  test.each([
    {
      name: 'ENIs',
      figureOf: (limits: InstanceTypeLimits) => limits.maxEnis,
      is: '1:1 2:68 3:126 4:310 5:5 6:1 7:1 8:347 10:31 11:1 12:70 15:264 16:77 24:89',
    },
    {
      name: 'addresses per ENI',
      figureOf: (limits: InstanceTypeLimits) => limits.addressesPerEni,
      is: '2:9 3:2 4:44 5:2 6:7 10:99 12:4 15:219 20:42 30:360 40:13 50:413 64:177',
    },
    {
      name: 'network cards',
      figureOf: (limits: InstanceTypeLimits) => limits.networkCards.length,
      is: '1:1324 2:54 4:5 8:2 16:3 17:1 32:2',
    },
  ])('has the $name of the reference as often', ({ figureOf, is }) => {
    expect(distribution(figureOf)).toBe(is);
  });

  const pattern = /^[a-z0-9-]+\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$/;
  test.each<{ name: string; holds: (limits: InstanceTypeLimits) => boolean }>([
    { name: "is named as EC2's types are", holds: (it) => pattern.test(it.instanceType) },
    { name: 'has room for pods', holds: (it) => it.maxEnis >= 1 && it.addressesPerEni >= 2 },
    {
      name: 'numbers its cards from 0',
      holds: ({ networkCards: cards }) => cards.every((it, at) => it.networkCardIndex === at),
    },
    {
      name: 'has the ENIs of its default card',
      holds: (it) => it.networkCards[it.defaultNetworkCardIndex]?.maxEnis === it.maxEnis,
    },
    {
      name: 'runs no fewer pods with prefixes',
      holds: (it) => maxPods(it, { assignmentMode: 'prefix' }) >= maxPods(it),
    },
    {
      name: 'runs fewer pods with custom networking',
      holds: (it) => maxPods(it, { customNetworking: true }) < maxPods(it),
    },
    {
      name: 'has no prefixes and no branch ENIs on Xen',
      holds: (it) => it.hypervisor !== 'xen' || (!canHavePrefixes(it) && !canHaveTrunk(it)),
    },
    { name: 'has prefixes on bare metal', holds: (it) => !it.isBareMetal || canHavePrefixes(it) },
  ])('each type $name', ({ holds }) => {
    expect(all.filter((it) => !holds(it)).map((it) => it.instanceType)).toEqual([]);
  });

  // Types with several cards trade ENIs of one for more cards.
  test('larger sizes of a family with one card have no fewer addresses, but in three', () => {
    const falling = familyNames.filter((family) => {
      const counts = sizesOf(family).map(({ maxEnis, addressesPerEni, networkCards }) =>
        networkCards.length > 1 ? [] : [maxEnis * addressesPerEni],
      );
      return counts.flat().some((count, at, those) => count < (those[at - 1] ?? 0));
    });
    expect(falling).toEqual(['g4dn', 'g5', 'i4i']);
  });

  test('names its month', () => {
    expect(LIMITS_DATE).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/);
  });
});

describe('the rules', () => {
  const ruleLines = INSTANCE_TYPE_RULES.flatMap(({ rules }) => rules.trim().split(/\n\s*/));

  test('are well-formed: nothing in them is ignored', () => {
    const size = '(nano|micro|small|medium|large|\\d*xl|metal(-\\d+xl)?)';
    const figures = '(\\d+\\*)?(\\d+x\\d+)?(\\+(\\d+|\\?))?';
    const rule = new RegExp(`^[a-z0-9-]+( [a-z0-9-]+)*:( ${size}(\\.\\.${size})?(=${figures})?)+$`);
    const scale = new RegExp(`^${size} \\d[^ ]*( ${size} \\d[^ ]*)*$`);
    expect(ruleLines.filter((line) => !rule.test(line))).toEqual([]);
    expect(INSTANCE_TYPE_RULES.filter((one) => !scale.test(one.figures))).toEqual([]);
  });

  test('name each family once', () => {
    const families = ruleLines.flatMap((line) => line.replace(/:.*/, '').split(' '));
    expect(families).toHaveLength(new Set(families).size);
  });

  test('name only what exists among their exceptions', () => {
    const families = new Set(all.map(({ instanceType }) => familyOf(instanceType)));
    expect(XEN_FAMILIES.split(' ').filter((family) => !families.has(family))).toEqual([]);
    const exceptions = Object.keys(HYPERVISOR_EXCEPTIONS);
    expect(exceptions.filter((type) => limitsOf(type) === undefined)).toEqual([]);
  });
});

/**
 * The whole table, for readers: a change of a rule shows what it changes. After a change that is
 * meant, replace the file's text with what the test received.
 */
test('the table is the one in the listing', () => {
  const listing = readFileSync(new URL('./instance-types.txt', import.meta.url), 'utf8');
  expect(familyLines().join('\n')).toBe(listing.trimEnd());
});

function familyLines(): readonly string[] {
  const figuresByFamily = new Map<string, string[]>();
  for (const it of all) {
    const [family = '', size = ''] = it.instanceType.split('.');
    const cards = it.networkCards.length > 1 ? `${it.networkCards.length}*` : '';
    const branches = it.maxBranchEnis === undefined ? '' : `+${it.maxBranchEnis}`;
    const usual = it.isBareMetal ? 'unknown' : 'nitro';
    const hypervisor = it.hypervisor === usual ? '' : `(${it.hypervisor})`;
    const figures = `${size}=${cards}${it.maxEnis}x${it.addressesPerEni}${branches}${hypervisor}`;
    figuresByFamily.set(family, [...(figuresByFamily.get(family) ?? []), figures]);
  }
  const familiesByFigures = new Map<string, string[]>();
  for (const [family, figures] of figuresByFamily) {
    const line = figures.join(' ');
    familiesByFigures.set(line, [...(familiesByFigures.get(line) ?? []), family]);
  }
  return [...familiesByFigures].map(([figures, families]) => `${families.join(' ')}: ${figures}`);
}
