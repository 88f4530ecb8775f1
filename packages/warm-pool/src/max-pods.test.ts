import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  canHavePrefixes,
  canHaveTrunk,
  type MaxPodsLimits,
  type MaxPodsOptions,
  maxPods,
  podCapacity,
  recommendedMaxPods,
} from './max-pods.ts';
import { isWarmPoolError } from './warm-pool-error.ts';

// Reference behaviour, "Instance limits and max pods".
test.each([
  { type: 't3.nano', maxEnis: 2, addressesPerEni: 2, pods: 4 },
  { type: 'a1.medium', maxEnis: 2, addressesPerEni: 4, pods: 8 },
  { type: 't3.small', maxEnis: 3, addressesPerEni: 4, pods: 11 },
  { type: 't3.medium', maxEnis: 3, addressesPerEni: 6, pods: 17 },
  { type: 'm5.large', maxEnis: 3, addressesPerEni: 10, pods: 29 },
  { type: 't3.xlarge', maxEnis: 4, addressesPerEni: 15, pods: 58 },
  { type: 'm4.4xlarge', maxEnis: 8, addressesPerEni: 30, pods: 234 },
  { type: 'p3dn.24xlarge', maxEnis: 15, addressesPerEni: 50, pods: 737 },
  { type: 'p5.48xlarge', maxEnis: 2, addressesPerEni: 50, pods: 100 },
])('$type runs $pods pods', ({ maxEnis, addressesPerEni, pods }) => {
  expect(maxPods({ maxEnis, addressesPerEni })).toBe(pods);
});

const m5Large: MaxPodsLimits = {
  maxEnis: 3,
  addressesPerEni: 10,
  hypervisor: 'nitro',
  isBareMetal: false,
  maxBranchEnis: 9,
};
const m4Large: MaxPodsLimits = { ...m5Large, maxEnis: 2, hypervisor: 'xen', maxBranchEnis: 0 };
const metal: MaxPodsLimits = {
  maxEnis: 15,
  addressesPerEni: 50,
  hypervisor: 'unknown',
  isBareMetal: true,
};
const plain = { maxEnis: 3, addressesPerEni: 10 };

interface Case {
  readonly name: string;
  readonly limits?: MaxPodsLimits;
  readonly options: MaxPodsOptions;
  readonly pods: number;
}

describe('maxPods', () => {
  test.each<Case>([
    { name: 'prefixes: 16 addresses a slot', options: { assignmentMode: 'prefix' }, pods: 434 },
    {
      name: 'prefixes on bare metal, which has no hypervisor',
      limits: metal,
      options: { assignmentMode: 'prefix' },
      pods: 15 * 49 * 16 + 2,
    },
    {
      // Reference behaviour, "ipamd process order": switched off silently.
      name: 'prefixes on Xen: single addresses',
      limits: m4Large,
      options: { assignmentMode: 'prefix' },
      pods: 20,
    },
    {
      name: 'prefixes where nothing is known of the type',
      limits: plain,
      options: { assignmentMode: 'prefix' },
      pods: 434,
    },
    {
      name: 'custom networking: without the primary ENI',
      options: { customNetworking: true },
      pods: 20,
    },
    {
      name: 'custom networking with prefixes',
      options: { customNetworking: true, assignmentMode: 'prefix' },
      pods: 290,
    },
    { name: 'reserved ENIs', options: { reservedEnis: 1 }, pods: 20 },
    {
      // Reference behaviour, worked example 99: nothing is left for pods.
      name: 'custom networking on one ENI: pods of the host network only',
      options: { customNetworking: true, maxEnis: 1 },
      pods: 2,
    },
    { name: 'more ENIs reserved than there are', options: { reservedEnis: 7 }, pods: 2 },
    { name: 'MAX_ENI caps', options: { maxEnis: 2 }, pods: 20 },
    { name: 'MAX_ENI does not raise the limit', options: { maxEnis: 9 }, pods: 29 },
    {
      name: 'reserved ENIs come out of MAX_ENI',
      options: { maxEnis: 2, reservedEnis: 1 },
      pods: 11,
    },
    {
      // Reference behaviour, worked example 93.
      name: 'security groups for pods: a slot for the trunk ENI',
      options: { securityGroupsForPods: true },
      pods: 20,
    },
    {
      // Reference behaviour, worked example 94.
      name: 'security groups for pods where no trunk ENI can be',
      limits: m4Large,
      options: { securityGroupsForPods: true, branchPodCount: 'all' },
      pods: 20,
    },
    {
      name: 'some pods on branch ENIs',
      options: { securityGroupsForPods: true, branchPodCount: 4 },
      pods: 24,
    },
    {
      name: 'not more pods on branch ENIs than there can be',
      options: { securityGroupsForPods: true, branchPodCount: 40 },
      pods: 29,
    },
    {
      name: 'all branch ENIs',
      options: { securityGroupsForPods: true, branchPodCount: 'all' },
      pods: 29,
    },
    {
      name: 'all branch ENIs where their number is not known: none',
      limits: plain,
      options: { securityGroupsForPods: true, branchPodCount: 'all' },
      pods: 20,
    },
    {
      name: 'some branch ENIs where their limit is not known: as given',
      limits: plain,
      options: { securityGroupsForPods: true, branchPodCount: 40 },
      pods: 60,
    },
    {
      name: 'the recommendation of a small node',
      options: { assignmentMode: 'prefix', vcpuCount: 2 },
      pods: 110,
    },
    {
      name: 'the recommendation of a large node',
      limits: metal,
      options: { vcpuCount: 96 },
      pods: 250,
    },
    { name: 'the recommendation does not raise anything', options: { vcpuCount: 2 }, pods: 29 },
  ])('$name: $pods', ({ limits = m5Large, options, pods }) => {
    expect(maxPods(limits, options)).toBe(pods);
  });

  test.each<{ limits?: object; options?: object; code: string; says: string }>([
    { limits: { maxEnis: 0 }, code: 'invalid-limits', says: 'maxEnis' },
    { limits: { maxEnis: 2.5 }, code: 'invalid-limits', says: 'maxEnis' },
    { limits: { addressesPerEni: Number.NaN }, code: 'invalid-limits', says: 'addressesPerEni' },
    { limits: { addressesPerEni: '10' }, code: 'invalid-limits', says: 'addressesPerEni' },
    { limits: { maxBranchEnis: -1 }, code: 'invalid-limits', says: 'maxBranchEnis' },
    { options: { reservedEnis: -1 }, code: 'invalid-option', says: 'reservedEnis' },
    { options: { maxEnis: 0 }, code: 'invalid-option', says: 'maxEnis' },
    { options: { vcpuCount: 0 }, code: 'invalid-option', says: 'vcpuCount' },
    { options: { assignmentMode: 'ipv6' }, code: 'invalid-option', says: 'assignmentMode' },
    {
      options: { securityGroupsForPods: true, branchPodCount: Number.POSITIVE_INFINITY },
      code: 'invalid-option',
      says: 'branchPodCount',
    },
    { options: { branchPodCount: 3 }, code: 'invalid-option', says: 'securityGroupsForPods' },
  ])('refuses $limits $options', ({ limits, options, code, says }) => {
    const thrown = caught(() => maxPods({ ...m5Large, ...limits }, { ...options }));
    expect(isWarmPoolError(thrown) && thrown.code).toBe(code);
    expect(String(thrown)).toContain(says);
  });
});

test('podCapacity has the parts of the sum', () => {
  expect(
    podCapacity(m5Large, {
      assignmentMode: 'prefix',
      customNetworking: true,
      securityGroupsForPods: true,
      branchPodCount: 5,
      vcpuCount: 2,
    }),
  ).toEqual({
    usableEniCount: 1,
    addressCount: 144,
    branchPodCount: 5,
    hostNetworkPodCount: 2,
    recommendedMaxPods: 110,
    maxPods: 110,
  });
});

test.each([
  [1, 110],
  [29, 110],
  [30, 250],
  [192, 250],
])('%i virtual CPUs: %i pods recommended', (vcpuCount, pods) => {
  expect(recommendedMaxPods(vcpuCount)).toBe(pods);
});

test.each([
  { name: 'Nitro', limits: m5Large, prefixes: true, trunk: true },
  { name: 'Xen', limits: m4Large, prefixes: false, trunk: false },
  { name: 'bare metal', limits: metal, prefixes: true, trunk: true },
  {
    name: 'no hypervisor, not bare metal',
    limits: { ...plain, hypervisor: 'unknown' as const },
    prefixes: false,
    trunk: true,
  },
  { name: 'nothing known', limits: plain, prefixes: true, trunk: true },
])('$name: prefixes $prefixes, trunk ENI $trunk', ({ limits, prefixes, trunk }) => {
  expect([canHavePrefixes(limits), canHaveTrunk(limits)]).toEqual([prefixes, trunk]);
});

describe('for all limits and options', () => {
  const whole = (min: number, max: number) => fc.integer({ min, max });
  const limits = fc.record({ maxEnis: whole(1, 32), addressesPerEni: whole(1, 64) });
  const options: fc.Arbitrary<MaxPodsOptions> = fc.record(
    {
      assignmentMode: fc.constantFrom('address' as const, 'prefix' as const),
      customNetworking: fc.boolean(),
      reservedEnis: whole(0, 5),
      maxEnis: whole(1, 40),
      vcpuCount: whole(1, 448),
    },
    { requiredKeys: [] },
  );
  const holds = (claim: (limits: MaxPodsLimits, options: MaxPodsOptions) => void) =>
    fc.assert(fc.property(limits, options, claim), { numRuns: 2_000 });

  test('more ENIs or more addresses never give fewer pods', () => {
    holds((one, how) => {
      const pods = maxPods(one, how);
      expect(maxPods({ ...one, maxEnis: one.maxEnis + 1 }, how)).toBeGreaterThanOrEqual(pods);
      const larger = { ...one, addressesPerEni: one.addressesPerEni + 1 };
      expect(maxPods(larger, how)).toBeGreaterThanOrEqual(pods);
    });
  });

  test('what takes ENIs or caps never gives more pods', () => {
    holds((one, how) => {
      const pods = maxPods(one, how);
      const { reservedEnis = 0 } = how;
      expect(maxPods(one, { ...how, customNetworking: true })).toBeLessThanOrEqual(pods);
      expect(maxPods(one, { ...how, reservedEnis: reservedEnis + 1 })).toBeLessThanOrEqual(pods);
      expect(maxPods(one, { ...how, securityGroupsForPods: true })).toBeLessThanOrEqual(pods);
    });
  });

  test('prefixes never give fewer pods than single addresses', () => {
    holds((one, how) => {
      const singly = maxPods(one, { ...how, assignmentMode: 'address' });
      expect(maxPods(one, { ...how, assignmentMode: 'prefix' })).toBeGreaterThanOrEqual(singly);
    });
  });

  test('there is always room for the pods of the host network', () => {
    holds((one, how) => {
      expect(maxPods(one, how)).toBeGreaterThanOrEqual(2);
    });
  });
});

function caught(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
