import { describe, expect, test } from '@jest/globals';
import { eni, limitsOf, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import { check } from './plan-cases.fixture.ts';
import { SimulatedNode } from './simulated-node.ts';

const inSubnet = { subnetId: 'subnet-1' } as const;
const fragmented = { subnets: [{ ...inSubnet, isFragmented: true }] } as const;
const unbroken = { subnets: [{ ...inSubnet, freeCount: 1_000 }] } as const;

describe('where a subnet has no free /28', () => {
  check([
    {
      name: 'single addresses make up for the prefix',
      state: stateOf([eni({ id: 1, rest: inSubnet })], { ...fragmented, waitingCount: 2 }),
      targets: prefixTargets(0, 1),
      limits: limitsOf(9, 3),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 3, reason: 'pods-waiting' }],
      refusals: [{ reason: 'no-free-prefix', missingCount: 16 }],
    },
    {
      name: 'so few free addresses are no /28 either',
      state: stateOf([eni({ id: 1, rest: inSubnet })], {
        subnets: [{ ...inSubnet, freeCount: 15 }],
        waitingCount: 1,
      }),
      targets: prefixTargets(0, 1),
      limits: limitsOf(9, 1),
      actions: [{ kind: 'assign-addresses', eniId: 'eni-1', count: 2, reason: 'pods-waiting' }],
      refusals: [{ reason: 'no-free-prefix', missingCount: 16 }],
    },
    {
      name: 'a new ENI with prefixes in another subnet comes first',
      state: stateOf([eni({ id: 1, rest: inSubnet })], {
        subnets: [{ ...inSubnet, isFragmented: true }, { subnetId: 'subnet-2' }],
        waitingCount: 1,
      }),
      targets: prefixTargets(0, 1),
      limits: limitsOf(9, 2),
      actions: [
        {
          kind: 'create-eni-with-prefixes',
          prefixCount: 1,
          networkCardIndex: 0,
          subnetId: 'subnet-2',
          reason: 'pods-waiting',
        },
      ],
    },
    {
      name: 'what cannot be had as a prefix is had in single addresses, on a new ENI too',
      state: stateOf([eni({ id: 1, reserved: 9, rest: inSubnet })], {
        ...fragmented,
        waitingCount: 3,
      }),
      targets: prefixTargets(0, 1),
      limits: limitsOf(9, 2),
      actions: [{ kind: 'create-eni', addressCount: 4, ...inSubnet, reason: 'pods-waiting' }],
      refusals: [{ reason: 'no-free-prefix', missingCount: 16 }],
    },
    {
      name: 'an ENI that gets its last prefix gets the single addresses afterwards',
      state: stateOf([eni({ id: 1, rest: inSubnet })], {
        subnets: [{ ...inSubnet, freeCount: 20 }],
      }),
      targets: prefixTargets(0, 19),
      limits: limitsOf(3, 1),
      actions: [
        { kind: 'assign-prefixes', eniId: 'eni-1', prefixCount: 1, reason: 'below-warm-ips' },
      ],
      refusals: [
        { reason: 'in-flight', missingCount: 2, eniId: 'eni-1' },
        { reason: 'no-free-prefix', missingCount: 16 },
        { reason: 'eni-limit', missingCount: 1, eniCount: 1, eniLimit: 1 },
      ],
    },
    {
      name: 'a new ENI gets what 20 free addresses have',
      state: stateOf([eni({ id: 1, prefixPods: [16, 16], rest: inSubnet })], {
        subnets: [{ ...inSubnet, freeCount: 20 }],
      }),
      targets: prefixTargets(2),
      limits: limitsOf(2, 2),
      actions: [
        {
          kind: 'create-eni-with-prefixes',
          prefixCount: 1,
          networkCardIndex: 0,
          ...inSubnet,
          reason: 'below-warm-prefixes',
        },
      ],
      refusals: [
        { reason: 'no-free-prefix', missingCount: 16 },
        { reason: 'eni-limit', missingCount: 16, eniCount: 2, eniLimit: 2 },
      ],
    },
    {
      name: 'a new ENI gets what 17 free addresses have',
      state: stateOf([eni({ id: 1, prefixPods: [16, 16], rest: inSubnet })], {
        subnets: [{ ...inSubnet, freeCount: 17 }],
      }),
      targets: prefixTargets(2),
      limits: limitsOf(2, 2),
      actions: [
        {
          kind: 'create-eni-with-prefixes',
          prefixCount: 1,
          networkCardIndex: 0,
          ...inSubnet,
          reason: 'below-warm-prefixes',
        },
      ],
      refusals: [{ reason: 'subnet-full', missingCount: 16 }],
    },
    {
      name: 'nor a free address, the subnet is full',
      state: stateOf([eni({ id: 1, rest: inSubnet })], {
        subnets: [{ ...inSubnet, freeCount: 0 }],
      }),
      targets: prefixTargets(1),
      limits: limitsOf(20, 1),
      actions: [],
      refusals: [{ reason: 'subnet-full', missingCount: 16 }],
    },
    {
      name: 'nor slots for as many single addresses, the ENIs are full',
      state: stateOf([eni({ id: 1, rest: inSubnet })], fragmented),
      targets: prefixTargets(1),
      limits: limitsOf(9, 1),
      actions: [
        { kind: 'assign-addresses', eniId: 'eni-1', count: 9, reason: 'below-warm-prefixes' },
      ],
      refusals: [
        { reason: 'no-free-prefix', missingCount: 16 },
        { reason: 'eni-limit', missingCount: 7, eniCount: 1, eniLimit: 1 },
      ],
    },
    {
      name: 'enough single addresses are enough',
      state: stateOf([eni({ id: 1, free: 4, rest: inSubnet })], fragmented),
      targets: prefixTargets(0, 4),
      limits: limitsOf(9, 1),
      actions: [],
      refusals: [{ reason: 'no-free-prefix', missingCount: 16 }],
    },
    {
      name: 'too many of them go, the longest idle first',
      state: stateOf([eni({ id: 1, free: 4, rest: inSubnet })], fragmented),
      targets: prefixTargets(0, 3),
      limits: limitsOf(9, 1),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0'],
          reason: 'leftover',
        },
      ],
      refusals: [{ reason: 'no-free-prefix', missingCount: 16 }],
    },
  ]);
});

describe('single addresses in prefix mode', () => {
  check([
    {
      name: 'are replaced by a prefix as soon as there is one',
      state: stateOf([eni({ id: 1, reserved: 2, free: 4, rest: inSubnet })], unbroken),
      targets: prefixTargets(0, 4),
      limits: limitsOf(9, 1),
      actions: [
        { kind: 'assign-prefixes', eniId: 'eni-1', prefixCount: 1, reason: 'replaces-leftovers' },
      ],
    },
    {
      name: 'are replaced too where they just make up the floor',
      state: stateOf([eni({ id: 1, reserved: 2, free: 4, rest: inSubnet })], unbroken),
      targets: prefixTargets(0, 0, 6),
      limits: limitsOf(9, 1),
      actions: [
        { kind: 'assign-prefixes', eniId: 'eni-1', prefixCount: 1, reason: 'replaces-leftovers' },
      ],
    },
    {
      name: 'go once the prefix is there, but for those that pods have',
      state: stateOf(
        [eni({ id: 1, reserved: 2, free: 4, prefixPods: [0], rest: inSubnet })],
        unbroken,
      ),
      targets: prefixTargets(0, 4),
      limits: limitsOf(9, 1),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0', '10.1.0.1', '10.1.0.2', '10.1.0.3'],
          reason: 'leftover',
        },
      ],
    },
    {
      name: 'make room for the prefix where they take the last slots, half of them at most',
      state: stateOf([eni({ id: 1, reserved: 6, free: 3, rest: inSubnet })], unbroken),
      targets: prefixTargets(0, 33),
      limits: limitsOf(9, 1),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0', '10.1.0.1'],
          reason: 'leftover',
        },
      ],
      refusals: [{ reason: 'eni-limit', missingCount: 30, eniCount: 1, eniLimit: 1 }],
    },
    {
      name: 'stay while a pod waits for one of them',
      state: stateOf([eni({ id: 1, reserved: 6, free: 3, rest: inSubnet })], {
        ...unbroken,
        waitingCount: 1,
      }),
      targets: prefixTargets(0, 1),
      limits: limitsOf(9, 1),
      actions: [],
    },
    {
      name: 'stay where there is no prefix to make room for',
      state: stateOf([eni({ id: 1, reserved: 6, free: 3, rest: inSubnet })], fragmented),
      targets: prefixTargets(0, 3),
      limits: limitsOf(9, 1),
      actions: [],
    },
  ]);
});

describe('prefixes in address mode', () => {
  check([
    {
      name: 'are replaced by single addresses when no pod has one of theirs',
      state: stateOf([eni({ id: 1, prefixPods: [0, 0] })]),
      targets: targetsOf(1, 2),
      limits: limitsOf(9, 1),
      actions: [
        { kind: 'assign-addresses', eniId: 'eni-1', count: 2, reason: 'replaces-leftovers' },
      ],
    },
    {
      name: 'go once those are there',
      state: stateOf([eni({ id: 1, free: 2, prefixPods: [0, 1, 0] })]),
      targets: targetsOf(1, 2),
      limits: limitsOf(9, 1),
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-1',
          prefixes: ['10.1.2.0/28', '10.1.2.32/28'],
          reason: 'leftover',
        },
      ],
    },
    {
      name: 'go in the ENI-wise mode too',
      state: stateOf([eni({ id: 1, free: 3, prefixPods: [0] })]),
      targets: targetsOf(1),
      limits: limitsOf(4, 1),
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-1',
          prefixes: ['10.1.2.0/28'],
          reason: 'leftover',
        },
      ],
      refusals: [],
    },
    {
      name: 'make room in a subnet that has addresses, though another has none',
      state: stateOf(
        [
          eni({ id: 1, rest: inSubnet }),
          eni({ id: 2, prefixPods: [0, 0], rest: { subnetId: 'subnet-2' } }),
        ],
        {
          subnets: [
            { ...inSubnet, freeCount: 0 },
            { subnetId: 'subnet-2', freeCount: 1 },
          ],
        },
      ),
      targets: targetsOf(1, 2),
      limits: limitsOf(2, 2),
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-2',
          prefixes: ['10.2.2.0/28'],
          reason: 'leftover',
        },
      ],
    },
    {
      name: 'stay where the subnet has no single address for their slot',
      state: stateOf([eni({ id: 1, prefixPods: [0], rest: inSubnet })], {
        subnets: [{ ...inSubnet, freeCount: 0 }],
      }),
      targets: targetsOf(1, 1),
      limits: limitsOf(1, 1),
      actions: [],
    },
    {
      name: 'do not stand for single addresses while they cannot go yet',
      state: stateOf([
        eni({ id: 1, free: 3 }),
        eni({ id: 2, reserved: 1, free: 3 }),
        eni({ id: 3, reserved: 1, draining: 1, prefixPods: [0] }),
      ]),
      targets: targetsOf(1, 2),
      limits: limitsOf(9, 3),
      actions: [
        {
          kind: 'unassign-addresses',
          eniId: 'eni-2',
          addresses: ['10.2.0.0', '10.2.0.1', '10.2.0.2'],
          reason: 'above-targets',
        },
        {
          kind: 'unassign-addresses',
          eniId: 'eni-1',
          addresses: ['10.1.0.0'],
          reason: 'above-targets',
        },
      ],
    },
    {
      name: 'make room on one ENI after the other',
      state: stateOf([eni({ id: 1, prefixPods: [0] }), eni({ id: 2, prefixPods: [0] })]),
      targets: targetsOf(1, 2),
      limits: limitsOf(1, 2),
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-1',
          prefixes: ['10.1.2.0/28'],
          reason: 'leftover',
        },
      ],
    },
    {
      name: 'make room for single addresses where they take all slots',
      state: stateOf([eni({ id: 1, prefixPods: [0, 0, 0] })]),
      targets: targetsOf(1, 3),
      limits: limitsOf(3, 1),
      actions: [
        {
          kind: 'unassign-prefixes',
          eniId: 'eni-1',
          prefixes: ['10.1.2.0/28', '10.1.2.16/28'],
          reason: 'leftover',
        },
      ],
    },
  ]);
});

describe('a node in a scattered subnet', () => {
  const node = () =>
    new SimulatedNode({
      limits: { maxEnis: 2, addressesPerEni: 10 },
      targets: prefixTargets(1),
      maxPods: 110,
      latencyMs: 500,
    });

  test('starts its pods with one extra call and goes over to prefixes when there are some', () => {
    const scattered = node();
    scattered.subnet = { isFragmented: true, freeCount: 500 };
    scattered.startPods(2);
    scattered.settle();
    expect(scattered.slotsPerEni).toEqual([
      [9, 0],
      [9, 0],
    ]);

    scattered.subnet = { freeCount: 500 };
    scattered.settle();
    expect(scattered.slotsPerEni).toEqual([[2, 1]]);
    expect(scattered.podCount).toBe(2);
  });

  test('goes back and forth as the subnet does, and comes to rest each time', () => {
    const changing = node();
    changing.startPods(5);
    for (const isFragmented of [true, false, true, false]) {
      changing.subnet = { isFragmented };
      changing.settle();
      changing.pass(3_600_000);
      expect(changing.step().actions).toEqual([]);
    }
  });
});
