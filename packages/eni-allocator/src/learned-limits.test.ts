import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assumeLimits, type LimitFinding, learnLimits, limitsNow } from './learned-limits.ts';

const m5large = { maxEnis: 3, addressesPerEni: 10 };
const addresses = (finding: { held: number } | { refused: number }): LimitFinding => ({
  limit: 'addresses-per-eni',
  ...finding,
});
const enis = (
  networkCardIndex: number,
  finding: { held: number } | { refused: number },
): LimitFinding => ({ limit: 'enis-on-card', networkCardIndex, ...finding });

const after = (assumed: Parameters<typeof assumeLimits>[0], ...findings: LimitFinding[]) =>
  limitsNow(findings.reduce(learnLimits, assumeLimits(assumed)));

describe('limitsNow', () => {
  const cases = [
    { name: 'is what was assumed at first', findings: [], limits: m5large },
    {
      name: 'is what an instance holds when it takes no more',
      findings: [enis(0, { held: 2 }), enis(0, { refused: 3 })],
      limits: { maxEnis: 2, addressesPerEni: 10 },
    },
    {
      name: 'is what an ENI holds when it takes no more',
      findings: [addresses({ held: 7 }), addresses({ refused: 8 })],
      limits: { maxEnis: 3, addressesPerEni: 7 },
    },
    {
      name: 'is half-way when many were refused at once',
      findings: [addresses({ refused: 10 })],
      limits: { maxEnis: 3, addressesPerEni: 5 },
    },
    {
      name: 'rises again as that is filled',
      findings: [addresses({ refused: 10 }), addresses({ held: 5 })],
      limits: { maxEnis: 3, addressesPerEni: 7 },
    },
    {
      name: 'is more than assumed when more is held',
      findings: [addresses({ held: 15 }), enis(0, { held: 4 })],
      limits: { maxEnis: 4, addressesPerEni: 15 },
    },
    {
      name: 'is what EC2 tells, whatever it seemed to be',
      findings: [addresses({ refused: 6 }), { limit: 'addresses-per-eni', told: 8 } as const],
      limits: { maxEnis: 3, addressesPerEni: 8 },
    },
    {
      name: 'is less than EC2 tells where it refuses that all the same',
      findings: [
        { limit: 'addresses-per-eni', told: 8 } as const,
        addresses({ held: 6 }),
        addresses({ refused: 8 }),
      ],
      limits: { maxEnis: 3, addressesPerEni: 7 },
    },
    {
      name: 'forgets a refusal that later experience belies',
      findings: [addresses({ held: 3 }), addresses({ refused: 4 }), addresses({ held: 6 })],
      limits: m5large,
    },
    {
      name: 'believes a refusal that belies earlier experience',
      findings: [addresses({ held: 8 }), addresses({ refused: 6 })],
      limits: { maxEnis: 3, addressesPerEni: 5 },
    },
    {
      name: 'leaves room for the primary ENI and its address',
      findings: [addresses({ refused: 1 }), enis(0, { refused: 1 })],
      limits: { maxEnis: 1, addressesPerEni: 1 },
    },
  ];

  test.each(cases)('$name', ({ findings, limits }) => {
    expect(after(m5large, ...findings)).toEqual(limits);
  });

  test('learns of each network card by itself', () => {
    const networkCards = [
      { networkCardIndex: 0, maxEnis: 15 },
      { networkCardIndex: 1, maxEnis: 14 },
    ];
    const large = { maxEnis: 15, addressesPerEni: 50, networkCards };
    expect(after(large, enis(1, { held: 2 }), enis(1, { refused: 3 }))).toEqual({
      ...large,
      networkCards: [networkCards[0], { networkCardIndex: 1, maxEnis: 2 }],
    });
    expect(after(large, enis(0, { held: 2 }), enis(0, { refused: 3 }))).toMatchObject({
      maxEnis: 2,
      networkCards: [{ maxEnis: 2 }, { maxEnis: 14 }],
    });
  });

  test('finds any true limit below the assumed one, in few refusals', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(50), (truth, more) => {
        let limits = assumeLimits({ maxEnis: 3, addressesPerEni: truth + more });
        let refusals = 0;
        for (let attempt = 0; attempt < 60; attempt += 1) {
          const wanted = limitsNow(limits).addressesPerEni;
          const isRefused = wanted > truth;
          refusals += isRefused ? 1 : 0;
          const finding = addresses(isRefused ? { refused: wanted } : { held: wanted });
          limits = learnLimits(limits, finding);
        }
        expect(limitsNow(limits).addressesPerEni).toBe(truth);
        expect(refusals).toBeLessThanOrEqual(Math.ceil(Math.log2(truth + more + 1)));
      }),
    );
  });
});
