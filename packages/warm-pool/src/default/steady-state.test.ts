import { describe, expect, test } from '@jest/globals';
import { type InstanceLimits, maxPods } from '../max-pods.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { SimulatedNode } from './simulated-node.ts';

const T3_SMALL: InstanceLimits = { maxEnis: 3, addressesPerEni: 4 };
const P3DN: InstanceLimits = { maxEnis: 15, addressesPerEni: 50 };
const M5_LARGE: InstanceLimits = { maxEnis: 3, addressesPerEni: 10 };

const warmEnis = (warmEniTarget: number): WarmTargets => ({
  warmEniTarget,
  warmIpTarget: 0,
  minimumIpTarget: 0,
});
const warmIps = (warmIpTarget: number, minimumIpTarget: number): WarmTargets => ({
  warmEniTarget: 1,
  warmIpTarget,
  minimumIpTarget,
});

const newNode = (limits: InstanceLimits, targets: WarmTargets, podLimit = maxPods(limits)) =>
  new SimulatedNode({ limits, targets, maxPods: podLimit });

interface Row {
  readonly row: string;
  readonly limits: InstanceLimits;
  readonly targets: WarmTargets;
  readonly pods: number;
  readonly perEni: readonly number[];
  readonly maxPods?: number;
}

// Reference behaviour, "Steady state, secondary-IP mode" (rows 1–16) and "Room, caps" (87–96).
const rows: readonly Row[] = [
  { row: '1', limits: T3_SMALL, targets: warmEnis(1), pods: 0, perEni: [3] },
  { row: '2', limits: T3_SMALL, targets: warmEnis(1), pods: 5, perEni: [3, 3, 3] },
  { row: '3', limits: T3_SMALL, targets: warmEnis(1), pods: 9, perEni: [3, 3, 3] },
  { row: '4', limits: T3_SMALL, targets: warmIps(1, 1), pods: 0, perEni: [1] },
  { row: '5', limits: T3_SMALL, targets: warmIps(1, 1), pods: 5, perEni: [3, 3] },
  { row: '6', limits: T3_SMALL, targets: warmIps(1, 1), pods: 9, perEni: [3, 3, 3] },
  { row: '7', limits: T3_SMALL, targets: warmIps(2, 5), pods: 0, perEni: [3, 2] },
  { row: '8', limits: T3_SMALL, targets: warmIps(2, 5), pods: 5, perEni: [3, 3, 1] },
  { row: '9', limits: T3_SMALL, targets: warmIps(2, 5), pods: 9, perEni: [3, 3, 3] },
  { row: '10', limits: P3DN, targets: warmEnis(1), pods: 0, perEni: [49] },
  { row: '11', limits: P3DN, targets: warmEnis(1), pods: 3, perEni: [49, 49] },
  { row: '12', limits: P3DN, targets: warmEnis(1), pods: 95, perEni: [49, 49, 49] },
  { row: '13', limits: P3DN, targets: warmIps(5, 10), pods: 0, perEni: [10] },
  { row: '14', limits: P3DN, targets: warmIps(5, 10), pods: 7, perEni: [12] },
  { row: '15', limits: P3DN, targets: warmIps(5, 10), pods: 15, perEni: [20] },
  { row: '16', limits: P3DN, targets: warmIps(5, 10), pods: 45, perEni: [49, 1] },
  { row: '87', limits: M5_LARGE, targets: warmEnis(1), pods: 0, perEni: [9] },
  { row: '88', limits: M5_LARGE, targets: warmEnis(1), pods: 1, perEni: [9, 9] },
  { row: '89', limits: M5_LARGE, targets: warmEnis(1), pods: 10, perEni: [9, 9, 9] },
  { row: '90', limits: M5_LARGE, targets: warmEnis(1), pods: 19, perEni: [9, 9, 9] },
  { row: '91', limits: M5_LARGE, targets: warmEnis(1), pods: 15, perEni: [9, 9], maxPods: 18 },
  {
    row: '92',
    limits: M5_LARGE,
    targets: { ...warmEnis(1), maxEnis: 2 },
    pods: 15,
    perEni: [9, 9],
  },
  { row: '96', limits: M5_LARGE, targets: warmEnis(2), pods: 0, perEni: [9, 9] },
];

const warmPrefixes = (warmPrefixTarget: number, W = 0, M = 0): WarmTargets => ({
  ...warmIps(W, M),
  assignmentMode: 'prefix',
  warmPrefixTarget,
});

// Reference behaviour, "Steady state, PD" (rows 17–36). Where the documentation contradicts its own
// formulas (26, 31, 32, 36), this is what the formulas give.
const prefixRows: readonly (Omit<Row, 'perEni'> & {
  readonly prefixes: readonly number[];
  readonly unused: number;
})[] = [
  { row: '17', limits: T3_SMALL, targets: warmPrefixes(1), pods: 0, prefixes: [1], unused: 16 },
  { row: '18', limits: T3_SMALL, targets: warmPrefixes(1), pods: 5, prefixes: [2], unused: 27 },
  { row: '19', limits: T3_SMALL, targets: warmPrefixes(1), pods: 16, prefixes: [2], unused: 16 },
  { row: '20', limits: T3_SMALL, targets: warmPrefixes(1), pods: 17, prefixes: [3], unused: 31 },
  { row: '21', limits: T3_SMALL, targets: warmPrefixes(1), pods: 58, prefixes: [3, 2], unused: 22 },
  {
    row: '22',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 1, 1),
    pods: 0,
    prefixes: [1],
    unused: 16,
  },
  {
    row: '23',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 1, 1),
    pods: 5,
    prefixes: [1],
    unused: 11,
  },
  {
    row: '24',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 1, 1),
    pods: 17,
    prefixes: [2],
    unused: 15,
  },
  {
    row: '25',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 1, 1),
    pods: 58,
    prefixes: [3, 1],
    unused: 6,
  },
  {
    row: '26',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 7, 20),
    pods: 0,
    prefixes: [2],
    unused: 32,
  },
  {
    row: '27',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 7, 20),
    pods: 5,
    prefixes: [2],
    unused: 27,
  },
  {
    row: '28',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 7, 20),
    pods: 17,
    prefixes: [2],
    unused: 15,
  },
  {
    row: '29',
    limits: T3_SMALL,
    targets: warmPrefixes(1, 7, 20),
    pods: 58,
    prefixes: [3, 2],
    unused: 22,
  },
  { row: '30', limits: P3DN, targets: warmPrefixes(1), pods: 0, prefixes: [1], unused: 16 },
  { row: '31', limits: P3DN, targets: warmPrefixes(1), pods: 3, prefixes: [2], unused: 29 },
  { row: '32', limits: P3DN, targets: warmPrefixes(1), pods: 95, prefixes: [7], unused: 17 },
  { row: '33', limits: P3DN, targets: warmPrefixes(1, 5, 10), pods: 0, prefixes: [1], unused: 16 },
  { row: '34', limits: P3DN, targets: warmPrefixes(1, 5, 10), pods: 7, prefixes: [1], unused: 9 },
  { row: '35', limits: P3DN, targets: warmPrefixes(1, 5, 10), pods: 15, prefixes: [2], unused: 17 },
  { row: '36', limits: P3DN, targets: warmPrefixes(1, 5, 10), pods: 45, prefixes: [4], unused: 19 },
];

describe('the documented steady state of prefixes', () => {
  const seen = (node: SimulatedNode) => ({
    prefixes: node.slotsPerEni.map(([, prefixes]) => prefixes),
    unused: node.slotsPerEni.reduce((sum, [, prefixes]) => sum + prefixes * 16, -node.podCount),
  });

  test.each(prefixRows)('row $row, all $pods pods at once: $prefixes', (row) => {
    const node = newNode(row.limits, row.targets, 500);
    node.startPods(row.pods);
    node.settle();
    expect(seen(node)).toEqual({ prefixes: row.prefixes, unused: row.unused });
  });

  test.each(prefixRows)('row $row, $pods pods one after the other: $prefixes', (row) => {
    const node = newNode(row.limits, row.targets, 500);
    node.settle();
    for (let pod = 0; pod < row.pods; pod++) {
      node.startPods(1);
      node.settle();
    }
    expect(seen(node)).toEqual({ prefixes: row.prefixes, unused: row.unused });
  });

  // Row 109: the reference adds a prefix when none is free and gives it back 30 s later, for ever.
  test('comes to rest without any target', () => {
    const node = newNode(T3_SMALL, warmPrefixes(0), 500);
    node.settle();
    expect(seen(node)).toEqual({ prefixes: [1], unused: 16 });
    node.pass(3_600_000);
    expect(node.step().actions).toEqual([]);
  });
});

describe('the documented steady state', () => {
  test.each(rows)('row $row, all $pods pods at once: $perEni', (row) => {
    const node = newNode(row.limits, row.targets, row.maxPods);
    node.startPods(row.pods);
    node.settle();
    expect(node.addressesPerEni).toEqual(row.perEni);
  });

  test.each(rows)('row $row, $pods pods one after the other: $perEni', (row) => {
    const node = newNode(row.limits, row.targets, row.maxPods);
    node.settle();
    for (let pod = 0; pod < row.pods; pod++) {
      node.startPods(1);
      node.settle();
    }
    expect(node.addressesPerEni).toEqual(row.perEni);
  });

  test.each(rows.filter(({ pods }) => pods === 0))(
    'row $row, again after all pods have gone: $perEni',
    (row) => {
      const node = newNode(row.limits, row.targets, row.maxPods);
      node.startPods(8);
      node.settle();
      node.stopPods(8);
      node.settle();
      expect(node.addressesPerEni).toEqual(row.perEni);
    },
  );

  test('takes two plans for a hundred pods at once, not one per ENI', () => {
    const node = newNode(P3DN, warmEnis(1));
    node.startPods(100);
    node.step();
    expect(node.addressesPerEni).toEqual([49, 49, 49, 49]);
    expect(node.step().actions).toEqual([]);
  });
});

describe('pods that come and go', () => {
  /** One pod leaves and another takes its place, every five minutes. */
  const churn = (node: SimulatedNode, times: number) => {
    for (let time = 0; time < times; time++) {
      node.stopPods(1);
      node.step();
      node.startPods(1);
      for (let look = 0; look < 10; look++) {
        node.step();
        node.pass(30_000);
      }
    }
    return node.history.filter(({ kind }) => kind === 'create-eni' || kind === 'delete-eni').length;
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'do not make a node with %d pods create and delete ENIs in turn',
    (pods) => {
      const node = newNode(T3_SMALL, warmEnis(1));
      node.startPods(pods);
      node.settle();
      const before = churn(node, 2);
      expect(churn(node, 20)).toBe(before);
    },
  );

  // Row 108: the reference adds an ENI when none is free and frees it a minute later, for ever.
  test('do not make WARM_ENI_TARGET=0 oscillate', () => {
    const node = newNode(T3_SMALL, warmEnis(0));
    node.startPods(3);
    node.settle();
    expect(node.addressesPerEni).toEqual([3, 3]);
    node.pass(3_600_000);
    expect(node.step().actions).toEqual([]);
  });

  test('keep their addresses while the churn lasts, with address targets', () => {
    const node = newNode(M5_LARGE, warmIps(2, 0));
    node.startPods(5);
    node.settle();
    for (let time = 0; time < 50; time++) {
      node.pass(45_000);
      node.stopPods(1);
      node.step();
      node.startPods(1);
      node.step();
      node.step();
    }
    expect(node.history.filter(({ kind }) => kind === 'unassign-addresses')).toEqual([]);
    node.settle();
    expect(node.addressesPerEni).toEqual([7]);
  });
});
