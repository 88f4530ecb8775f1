import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyLimits, anyWarmTargets } from '../situations.fixture.ts';
import { SimulatedNode } from './simulated-node.ts';

const anyNode = fc.record({
  limits: anyLimits,
  targets: anyWarmTargets,
  latencyMs: fc.nat({ max: 3_000 }),
  maxPods: fc.integer({ min: 1, max: 60 }),
});

/** Pods come and go, and so do the subnet's free /28s. */
const anyLife = fc.array(
  fc.record({
    pods: fc.integer({ min: -12, max: 12 }),
    ms: fc.nat({ max: 90_000 }),
    isFragmented: fc.constantFrom(true, false, false, false),
  }),
  { maxLength: 12 },
);

// A floor beyond max-pods was wanted when growing and not when giving back: the pool breathed.
const FLOOR_ABOVE_MAX_PODS = {
  limits: { maxEnis: 4, addressesPerEni: 9 },
  targets: { warmEniTarget: 0, warmIpTarget: 6, minimumIpTarget: 29 },
  latencyMs: 909,
  maxPods: 8,
};
const ONE_SHORT_POD = [
  { pods: 1, ms: 909, isFragmented: false },
  { pods: -1, ms: 0, isFragmented: false },
];

// Single addresses on their way fill both ENIs, and make room for a prefix.
const FULL_OF_SINGLES = {
  limits: { maxEnis: 2, addressesPerEni: 6 },
  targets: {
    warmEniTarget: 0,
    warmIpTarget: 0,
    minimumIpTarget: 0,
    assignmentMode: 'prefix' as const,
  },
  latencyMs: 1,
  maxPods: 10,
};
const PREFIXES_AFTER_SINGLES = [
  { pods: 9, ms: 0, isFragmented: true },
  { pods: 0, ms: 0, isFragmented: false },
];

test('left alone, a node comes to rest, and grows no more once it has begun to give back', () => {
  fc.assert(
    fc.property(anyNode, anyLife, (options, life) => {
      const node = new SimulatedNode(options);
      for (const { pods, ms, isFragmented } of life) {
        node.subnet = { isFragmented };
        if (pods > 0) node.startPods(pods);
        else node.stopPods(-pods);
        node.step(); // throws when something reserved or cooling is given back
        node.pass(ms);
      }
      node.pass(options.latencyMs); // single addresses on their way are leftovers too
      const hasLeftovers = node.slotsPerEni.some(([singles, prefixes]) =>
        options.targets.assignmentMode === 'prefix' ? singles > 0 : prefixes > 0,
      );
      const before = node.history.length;
      node.settle();

      // Leftovers may go before what replaces them: they make room for it.
      const kinds = node.history.slice(before).map(({ kind }) => kind);
      const isGrowth = (kind: string) => /^(create|assign)/.test(kind);
      const firstReturn = kinds.findIndex((kind) => !isGrowth(kind));
      const late = firstReturn === -1 ? [] : kinds.slice(firstReturn).filter(isGrowth);
      expect(hasLeftovers ? [] : late).toEqual([]);

      node.pass(3_600_000);
      expect(node.step().actions).toEqual([]);
      for (const [singles, prefixes] of node.slotsPerEni) {
        expect(singles + prefixes).toBeLessThan(options.limits.addressesPerEni);
      }
      expect(node.slotsPerEni.length).toBeLessThanOrEqual(options.limits.maxEnis);
    }),
    {
      numRuns: 3_000,
      examples: [
        [FLOOR_ABOVE_MAX_PODS, ONE_SHORT_POD],
        [FULL_OF_SINGLES, PREFIXES_AFTER_SINGLES],
      ],
    },
  );
});
