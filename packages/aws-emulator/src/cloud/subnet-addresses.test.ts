import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatIpv4, type Ipv4Range, ipv4Number, ipv4Range } from './ipv4.ts';
import { SubnetAddresses } from './subnet-addresses.ts';

const eni = 'eni-1';
const numberOf = (address: string) => ipv4Number(address) ?? -1;
const rangeOf = (cidr: string): Ipv4Range => ipv4Range(cidr) ?? { base: -1, size: 0 };

describe('a subnet', () => {
  const sizes = [
    { cidr: '10.0.0.0/28', free: 11, prefixes: 0 },
    { cidr: '10.0.0.0/27', free: 27, prefixes: 0 },
    { cidr: '10.0.0.0/26', free: 59, prefixes: 2 },
    { cidr: '10.0.0.0/24', free: 251, prefixes: 14 },
    { cidr: '10.0.0.0/16', free: 65_531, prefixes: 4094 },
  ];
  test.each(sizes)('of $cidr starts with $free addresses and $prefixes prefixes', (row) => {
    const subnet = new SubnetAddresses(row.cidr);
    expect(subnet.freeCount).toBe(row.free);
    expect(subnet.freePrefixCount).toBe(row.prefixes);
  });

  test.each(['10.0.0.0/15', '10.0.0.0/29', '10.0.0.1/24', '10.0.0.0', 'x/24', '2001:db8::/64'])(
    'is not made from %s',
    (cidr) => {
      expect(() => new SubnetAddresses(cidr)).toThrow(TypeError);
    },
  );

  const refusals = [
    { address: '10.0.0.0', refusal: 'reserved' },
    { address: '10.0.0.3', refusal: 'reserved' },
    { address: '10.0.0.255', refusal: 'reserved' },
    { address: '10.0.0.4', refusal: 'in-use' },
    { address: '10.0.0.5', refusal: undefined },
    { address: '10.0.0.20', refusal: 'in-use' },
    { address: '10.0.1.0', refusal: 'outside' },
    { address: '9.255.255.255', refusal: 'outside' },
  ];
  test.each(refusals)('says $refusal of $address', ({ address, refusal }) => {
    const subnet = new SubnetAddresses('10.0.0.0/24');
    subnet.takeAddresses(1, eni);
    subnet.takePrefix(rangeOf('10.0.0.16/28'), eni);
    expect(subnet.refusalOf(numberOf(address))).toBe(refusal);
  });

  test('gives all addresses asked for, or none', () => {
    const subnet = new SubnetAddresses('10.0.0.0/28');
    expect(subnet.takeAddresses(12, eni)).toBeUndefined();
    expect(subnet.freeCount).toBe(11);
    expect(subnet.takeAddresses(11, eni)?.at(-1)).toBe('10.0.0.14');
    expect(subnet.takeAddresses(1, eni)).toBeUndefined();
  });

  test('refuses a prefix when every block holds an address, however much is free', () => {
    const subnet = new SubnetAddresses('10.0.0.0/26');
    for (const address of ['10.0.0.17', '10.0.0.40']) {
      subnet.takeAddress(numberOf(address), eni);
    }
    expect(subnet.freeCount).toBe(57);
    expect(subnet.takePrefixes(1, eni)).toBeUndefined();
  });

  test('gives none of its reserved addresses unless they are named', () => {
    const subnet = new SubnetAddresses('10.0.0.0/27');
    subnet.reserve(rangeOf('10.0.0.8/29'), 'explicit');
    expect(subnet.takeAddresses(20, eni)).toBeUndefined();
    const taken = subnet.takeAddresses(19, eni) ?? [];
    expect(taken.filter((address) => /\.(8|9|1[0-5])$/.test(address))).toEqual([]);
    expect(subnet.refusalOf(numberOf('10.0.0.9'))).toBeUndefined();
    subnet.unreserve(rangeOf('10.0.0.8/29'));
    expect(subnet.takeAddresses(8, eni)).toHaveLength(8);
  });

  const reservations = [
    { cidr: '10.0.0.32/28', type: 'prefix' as const, prefixes: ['10.0.0.32/28', '10.0.0.16/28'] },
    { cidr: '10.0.0.16/28', type: 'explicit' as const, prefixes: ['10.0.0.32/28', undefined] },
    { cidr: '10.0.0.20/30', type: 'explicit' as const, prefixes: ['10.0.0.32/28', undefined] },
    { cidr: '10.0.0.20/32', type: 'prefix' as const, prefixes: ['10.0.0.32/28', undefined] },
  ];
  test.each(reservations)('with $cidr for $type has the prefixes $prefixes', (row) => {
    const subnet = new SubnetAddresses('10.0.0.0/26');
    subnet.reserve(rangeOf(row.cidr), row.type);
    expect(subnet.freePrefixCount).toBe(row.prefixes.filter(Boolean).length);
    const taken = row.prefixes.map(() => subnet.takePrefixes(1, eni)?.[0]);
    expect(taken).toEqual(row.prefixes);
  });

  test('loses its prefixes to strangers, and gets them back', () => {
    const subnet = new SubnetAddresses('10.0.0.0/26');
    const strangers = subnet.wholeBlocks().map((base) => base + 7);
    subnet.takeForStranger(strangers);
    expect(subnet.freePrefixCount).toBe(0);
    expect(subnet.refusalOf(numberOf('10.0.0.23'))).toBe('in-use');
    expect(subnet.ownerOf(numberOf('10.0.0.23'))).toBeUndefined();
    expect(() => subnet.release({ base: numberOf('10.0.0.23'), size: 1 })).toThrow(TypeError);
    subnet.releaseFromStranger(strangers);
    expect(subnet.freePrefixCount).toBe(2);
    expect(() => subnet.releaseFromStranger(strangers)).toThrow(TypeError);
  });

  test('hands a released address out again only when the others are used', () => {
    const subnet = new SubnetAddresses('10.0.0.0/28');
    const [first] = subnet.takeAddresses(1, eni) ?? [];
    subnet.release({ base: numberOf(String(first)), size: 1 });
    const later = subnet.takeAddresses(11, eni) ?? [];
    expect(later.at(-1)).toBe(first);
  });

  test('does not release what nobody holds', () => {
    const subnet = new SubnetAddresses('10.0.0.0/24');
    expect(() => subnet.release({ base: numberOf('10.0.0.9'), size: 1 })).toThrow(TypeError);
    expect(() => subnet.release({ base: numberOf('10.0.0.1'), size: 1 })).toThrow(TypeError);
  });

  test('knows the holder of an address, also within a prefix', () => {
    const subnet = new SubnetAddresses('10.0.0.0/24');
    subnet.takePrefix(rangeOf('10.0.0.32/28'), 'eni-2');
    expect(subnet.ownerOf(numberOf('10.0.0.47'))).toBe('eni-2');
    expect(subnet.ownerOf(numberOf('10.0.0.48'))).toBeUndefined();
    expect(subnet.ownerOf(numberOf('10.0.0.1'))).toBeUndefined();
  });
});

test('whatever happens, free + used + reserved = size and nothing is given twice', () => {
  const step = fc.oneof(
    fc.record({ take: fc.constant('addresses' as const), count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ take: fc.constant('prefixes' as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ take: fc.constant('this' as const), count: fc.integer({ min: -2, max: 260 }) }),
    fc.record({ take: fc.constant('nothing' as const), count: fc.nat() }),
  );
  const cidr = fc.constantFrom('10.0.0.0/28', '10.0.0.0/26', '10.0.0.0/24');
  fc.assert(
    fc.property(cidr, fc.array(step, { maxLength: 60 }), (network, steps) => {
      const subnet = new SubnetAddresses(network);
      const held: Ipv4Range[] = [];
      for (const { take, count } of steps) {
        if (take === 'addresses') {
          held.push(...(subnet.takeAddresses(count, eni) ?? []).map((a) => rangeOf(`${a}/32`)));
        } else if (take === 'prefixes') {
          held.push(...(subnet.takePrefixes(count, eni) ?? []).map(rangeOf));
        } else if (take === 'this') {
          const address = subnet.range.base + count;
          if (subnet.refusalOf(address) === undefined) {
            held.push(rangeOf(`${subnet.takeAddress(address, eni)}/32`));
          }
        } else {
          const [released] = held.splice(count % (held.length + 1), 1);
          if (released !== undefined) {
            subnet.release(released);
          }
        }
        expectSound(subnet, held);
      }
    }),
  );
});

function expectSound(subnet: SubnetAddresses, held: readonly Ipv4Range[]): void {
  const used = held.flatMap(({ base, size }) => Array.from({ length: size }, (_, i) => base + i));
  const { base, size } = subnet.range;
  expect(new Set(used).size).toBe(used.length);
  expect(subnet.freeCount + used.length + 5).toBe(size);
  const reserved = [base, base + 1, base + 2, base + 3, base + size - 1];
  expect(used.filter((address) => reserved.includes(address)).map(formatIpv4)).toEqual([]);
  expect(used.every((address) => subnet.ownerOf(address) === eni)).toBe(true);
  expect(held.every((range) => range.base % range.size === 0)).toBe(true);
}
