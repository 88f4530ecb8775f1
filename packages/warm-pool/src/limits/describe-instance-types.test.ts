import { describe, expect, test } from '@jest/globals';
import { isWarmPoolError } from '../warm-pool-error.ts';
import {
  type DescribedInstanceType,
  describeInstanceTypesToLimits,
} from './describe-instance-types.ts';
import { limitsOf } from './limits-of.ts';

const m5Large = {
  InstanceType: 'm5.large',
  BareMetal: false,
  Hypervisor: 'nitro',
  VCpuInfo: { DefaultVCpus: 2 },
  NetworkInfo: {
    NetworkPerformance: 'Up to 10 Gigabit',
    MaximumNetworkInterfaces: 3,
    DefaultNetworkCardIndex: 0,
    NetworkCards: [{ NetworkCardIndex: 0, MaximumNetworkInterfaces: 3 }],
    Ipv4AddressesPerInterface: 10,
  },
};

const cards = (count: number, each: number) =>
  Array.from({ length: count }, (_, index) => ({
    NetworkCardIndex: count - 1 - index,
    MaximumNetworkInterfaces: each,
  }));

const read = (...InstanceTypes: readonly DescribedInstanceType[]) =>
  describeInstanceTypesToLimits({ InstanceTypes });

describe('describeInstanceTypesToLimits', () => {
  test('reads an instance type with one card', () => {
    expect(read(m5Large)).toEqual([
      {
        instanceType: 'm5.large',
        maxEnis: 3,
        addressesPerEni: 10,
        defaultNetworkCardIndex: 0,
        networkCards: [{ networkCardIndex: 0, maxEnis: 3 }],
        hypervisor: 'nitro',
        isBareMetal: false,
        vcpuCount: 2,
      },
    ]);
  });

  test('takes the ENIs of the default card, not the sum over all', () => {
    const [p5] = read({
      InstanceType: 'p5.48xlarge',
      Hypervisor: 'nitro',
      BareMetal: false,
      NetworkInfo: {
        MaximumNetworkInterfaces: 64,
        Ipv4AddressesPerInterface: 50,
        DefaultNetworkCardIndex: 0,
        NetworkCards: cards(32, 2),
      },
    });
    const { maxBranchEnis: _, ...known } = limitsOf('p5.48xlarge') ?? {};
    expect(p5).toEqual(known);
  });

  test('follows a default card that is not the first', () => {
    const [limits] = read({
      ...m5Large,
      NetworkInfo: {
        Ipv4AddressesPerInterface: 50,
        DefaultNetworkCardIndex: 1,
        NetworkCards: [
          { NetworkCardIndex: 0, MaximumNetworkInterfaces: 2 },
          { NetworkCardIndex: 1, MaximumNetworkInterfaces: 4 },
        ],
      },
    });
    expect(limits).toMatchObject({ maxEnis: 4, defaultNetworkCardIndex: 1 });
  });

  test('takes a type without cards for one with a single card', () => {
    const [limits] = read({
      InstanceType: 'x9.metal',
      BareMetal: true,
      NetworkInfo: { MaximumNetworkInterfaces: 15, Ipv4AddressesPerInterface: 50 },
    });
    expect(limits).toEqual({
      instanceType: 'x9.metal',
      maxEnis: 15,
      addressesPerEni: 50,
      defaultNetworkCardIndex: 0,
      networkCards: [{ networkCardIndex: 0, maxEnis: 15 }],
      hypervisor: 'unknown',
      isBareMetal: true,
    });
  });

  test('keeps the order of the answer, which may be empty', () => {
    const types = ['m5.large', 'a1.large'];
    const answer = read(...types.map((InstanceType) => ({ ...m5Large, InstanceType })));
    expect(answer.map(({ instanceType }) => instanceType)).toEqual(types);
    expect(describeInstanceTypesToLimits({})).toEqual([]);
  });

  const network = m5Large.NetworkInfo;
  test.each([
    { name: 'a missing name', change: { InstanceType: undefined }, field: 'InstanceType' },
    { name: 'no network at all', change: { NetworkInfo: {} }, field: 'MaximumNetworkInterfaces' },
    {
      name: 'no addresses',
      change: { NetworkInfo: { ...network, Ipv4AddressesPerInterface: 0 } },
      field: 'Ipv4AddressesPerInterface',
    },
    {
      name: 'a card without ENIs',
      change: { NetworkInfo: { ...network, NetworkCards: [{ NetworkCardIndex: 0 }] } },
      field: 'MaximumNetworkInterfaces',
    },
    {
      name: 'a default card that is not there',
      change: { NetworkInfo: { ...network, DefaultNetworkCardIndex: 3 } },
      field: 'DefaultNetworkCardIndex',
    },
  ])('refuses $name', ({ change, field }) => {
    let thrown: unknown;
    try {
      read({ ...m5Large, ...change });
    } catch (error) {
      thrown = error;
    }
    expect(isWarmPoolError(thrown) && [thrown.code, thrown.facts['field']]).toEqual([
      'invalid-answer',
      field,
    ]);
  });
});
