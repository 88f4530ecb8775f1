import { describe, expect, test } from '@jest/globals';
import type { WarmTargets } from '../warm-targets.ts';
import { SimulatedUpstreamNode } from './simulated-upstream-node.ts';

const T3_SMALL = { maxEnis: 3, addressesPerEni: 4 };
const P3DN = { maxEnis: 15, addressesPerEni: 50 };

const targetsOf = (WE: number, W = 0, M = 0): WarmTargets => ({
  warmEniTarget: WE,
  warmIpTarget: W,
  minimumIpTarget: M,
});
const prefixTargets = (WP: number, W = 0, M = 0): WarmTargets => ({
  ...targetsOf(1, W, M),
  assignmentMode: 'prefix',
  warmPrefixTarget: WP,
});

// Reference, §5.9.1.
describe('the steady state with secondary addresses', () => {
  test.each([
    { row: 1, limits: T3_SMALL, targets: targetsOf(1), pods: 0, perEni: [3] },
    { row: 2, limits: T3_SMALL, targets: targetsOf(1), pods: 5, perEni: [3, 3, 3] },
    { row: 3, limits: T3_SMALL, targets: targetsOf(1), pods: 9, perEni: [3, 3, 3] },
    { row: 4, limits: T3_SMALL, targets: targetsOf(1, 1, 1), pods: 0, perEni: [1] },
    { row: 5, limits: T3_SMALL, targets: targetsOf(1, 1, 1), pods: 5, perEni: [3, 3] },
    { row: 6, limits: T3_SMALL, targets: targetsOf(1, 1, 1), pods: 9, perEni: [3, 3, 3] },
    { row: 7, limits: T3_SMALL, targets: targetsOf(1, 2, 5), pods: 0, perEni: [3, 2] },
    { row: 8, limits: T3_SMALL, targets: targetsOf(1, 2, 5), pods: 5, perEni: [3, 3, 1] },
    { row: 9, limits: T3_SMALL, targets: targetsOf(1, 2, 5), pods: 9, perEni: [3, 3, 3] },
    { row: 10, limits: P3DN, targets: targetsOf(1), pods: 0, perEni: [49] },
    { row: 11, limits: P3DN, targets: targetsOf(1), pods: 3, perEni: [49, 49] },
    { row: 12, limits: P3DN, targets: targetsOf(1), pods: 95, perEni: [49, 49, 49] },
    { row: 13, limits: P3DN, targets: targetsOf(1, 5, 10), pods: 0, perEni: [10] },
    { row: 14, limits: P3DN, targets: targetsOf(1, 5, 10), pods: 7, perEni: [12] },
    { row: 15, limits: P3DN, targets: targetsOf(1, 5, 10), pods: 15, perEni: [20] },
    { row: 16, limits: P3DN, targets: targetsOf(1, 5, 10), pods: 45, perEni: [49, 1] },
  ])('row $row, $pods pods: $perEni', ({ limits, targets, pods, perEni }) => {
    const node = new SimulatedUpstreamNode(targets, limits).cycles(20);
    node.startPods(pods);
    expect(node.cycles(60).addressesPerEni).toEqual(perEni);
  });
});

// Reference, §5.9.2. Rows 26, 31, 32, 36: upstream's documentation contradicts its own arithmetic
// (it has 1 prefix where MINIMUM_IP_TARGET=20 needs 2, and second ENIs while the first has slots);
// what the formulas give stands here.
describe('the steady state with prefixes', () => {
  test.each([
    { row: 17, limits: T3_SMALL, targets: prefixTargets(1), pods: 0, perEni: [1] },
    { row: 18, limits: T3_SMALL, targets: prefixTargets(1), pods: 5, perEni: [2] },
    { row: 19, limits: T3_SMALL, targets: prefixTargets(1), pods: 16, perEni: [2] },
    { row: 20, limits: T3_SMALL, targets: prefixTargets(1), pods: 17, perEni: [3] },
    { row: 21, limits: T3_SMALL, targets: prefixTargets(1), pods: 58, perEni: [3, 2] },
    { row: 22, limits: T3_SMALL, targets: prefixTargets(0, 1, 1), pods: 0, perEni: [1] },
    { row: 23, limits: T3_SMALL, targets: prefixTargets(0, 1, 1), pods: 5, perEni: [1] },
    { row: 24, limits: T3_SMALL, targets: prefixTargets(0, 1, 1), pods: 17, perEni: [2] },
    { row: 25, limits: T3_SMALL, targets: prefixTargets(0, 1, 1), pods: 58, perEni: [3, 1] },
    { row: 26, limits: T3_SMALL, targets: prefixTargets(0, 7, 20), pods: 0, perEni: [2] },
    { row: 27, limits: T3_SMALL, targets: prefixTargets(0, 7, 20), pods: 5, perEni: [2] },
    { row: 28, limits: T3_SMALL, targets: prefixTargets(0, 7, 20), pods: 17, perEni: [2] },
    { row: 29, limits: T3_SMALL, targets: prefixTargets(0, 7, 20), pods: 58, perEni: [3, 2] },
    { row: 30, limits: P3DN, targets: prefixTargets(1), pods: 0, perEni: [1] },
    { row: 31, limits: P3DN, targets: prefixTargets(1), pods: 3, perEni: [2] },
    { row: 32, limits: P3DN, targets: prefixTargets(1), pods: 95, perEni: [7] },
    { row: 33, limits: P3DN, targets: prefixTargets(0, 5, 10), pods: 0, perEni: [1] },
    { row: 34, limits: P3DN, targets: prefixTargets(0, 5, 10), pods: 7, perEni: [1] },
    { row: 35, limits: P3DN, targets: prefixTargets(0, 5, 10), pods: 15, perEni: [2] },
    { row: 36, limits: P3DN, targets: prefixTargets(0, 5, 10), pods: 45, perEni: [4] },
  ])('row $row, $pods pods: $perEni', ({ limits, targets, pods, perEni }) => {
    const node = new SimulatedUpstreamNode(targets, limits).cycles(20);
    node.startPods(pods);
    expect(node.cycles(60).prefixesPerEni).toEqual(perEni);
  });
});

// Reference, §5.9.7.
describe('settings that oscillate', () => {
  test('row 108: WARM_ENI_TARGET=0 adds an ENI when all is used, and frees it a minute later', () => {
    const node = new SimulatedUpstreamNode(targetsOf(0), T3_SMALL).cycles(2);
    node.startPods(3);
    const kinds = node
      .cycles(40)
      .history.slice(1)
      .map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual(['create-eni', 'delete-eni', 'create-eni', 'delete-eni']);
  });

  test('row 109: prefixes without any target come and go', () => {
    const node = new SimulatedUpstreamNode(prefixTargets(0), T3_SMALL).cycles(20);
    const kinds = node.history.map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual([
      'assign-prefixes',
      'unassign-prefixes',
      'assign-prefixes',
      'unassign-prefixes',
    ]);
  });

  test('row 110: the empty prefix of a card above 0 comes and goes every 30 s', () => {
    const node = new SimulatedUpstreamNode(prefixTargets(1), T3_SMALL);
    const [primary] = node.enis;
    node.enis =
      primary === undefined
        ? []
        : [
            primary,
            { ...primary, eniId: 'eni-9', isPrimary: false, kind: 'efa', networkCardIndex: 1 },
          ];
    node.cycles(40);
    const onCard = node.history.filter((action) => 'eniId' in action && action.eniId === 'eni-9');
    expect(onCard.map(({ kind }) => kind).slice(0, 4)).toEqual([
      'assign-prefixes',
      'unassign-prefixes',
      'assign-prefixes',
      'unassign-prefixes',
    ]);
    expect(onCard.length).toBeGreaterThan(8);
  });
});
