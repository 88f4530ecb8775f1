import type { InstanceLimits } from './instance-limits.ts';

/**
 * What EC2 showed of a limit: so many are `held`, so it allows at least as many; or so many in all were
 * `refused`, so it allows fewer. Or it was asked, and has `told`.
 */
export type LimitFinding =
  | ((
      | { readonly limit: 'addresses-per-eni' }
      | { readonly limit: 'enis-on-card'; readonly networkCardIndex: number }
    ) &
      ({ readonly held: number } | { readonly refused: number }))
  | { readonly limit: 'addresses-per-eni'; readonly told: number };

/** Limits from a table or from EC2, and what experience adds to them. */
export interface LearnedLimits {
  readonly assumed: InstanceLimits;
  readonly addresses: Bounds;
  readonly enisByCard: ReadonlyMap<number, Bounds>;
}

/** A figure is at least this, and below that. */
interface Bounds {
  readonly atLeast: number;
  readonly below?: number;
}

/** The card of the primary ENI, on every instance type there is. */
const DEFAULT_CARD = 0;
/** Each instance has an ENI, and each ENI an address. */
const NOTHING_KNOWN: Bounds = { atLeast: 1 };

export const assumeLimits = (assumed: InstanceLimits): LearnedLimits => ({
  assumed,
  addresses: NOTHING_KNOWN,
  enisByCard: new Map(),
});

/** The limits after another experience. The latest one counts where two contradict each other. */
export function learnLimits(limits: LearnedLimits, finding: LimitFinding): LearnedLimits {
  if ('told' in finding) {
    const assumed = { ...limits.assumed, addressesPerEni: finding.told };
    return { ...limits, assumed, addresses: NOTHING_KNOWN };
  }
  if (finding.limit === 'addresses-per-eni') {
    return { ...limits, addresses: narrow(limits.addresses, finding) };
  }
  const { networkCardIndex } = finding;
  const bounds = limits.enisByCard.get(networkCardIndex) ?? NOTHING_KNOWN;
  const enisByCard = new Map(limits.enisByCard);
  enisByCard.set(networkCardIndex, narrow(bounds, finding));
  return { ...limits, enisByCard };
}

/**
 * The limits to work with.
 *
 * What was never refused is as assumed. After a refusal it is half-way between what is known to work
 * and what is known not to, so that one refusal is not followed by a row of them; as that is filled, it
 * rises, until both meet.
 */
export function limitsNow({ assumed, addresses, enisByCard }: LearnedLimits): InstanceLimits {
  const onCard = (card: number, maxEnis: number) =>
    figureOf(maxEnis, enisByCard.get(card) ?? NOTHING_KNOWN);
  return {
    ...assumed,
    maxEnis: onCard(DEFAULT_CARD, assumed.maxEnis),
    addressesPerEni: figureOf(assumed.addressesPerEni, addresses),
    ...(assumed.networkCards && {
      networkCards: assumed.networkCards.map((card) => ({
        ...card,
        maxEnis: onCard(card.networkCardIndex, card.maxEnis),
      })),
    }),
  };
}

function narrow(bounds: Bounds, finding: Exclude<LimitFinding, { told: number }>): Bounds {
  if ('held' in finding) {
    const atLeast = Math.max(bounds.atLeast, finding.held);
    const { below } = bounds;
    return below === undefined || below <= atLeast ? { atLeast } : { atLeast, below };
  }
  const below = Math.max(2, Math.min(bounds.below ?? Number.POSITIVE_INFINITY, finding.refused));
  return { atLeast: Math.min(bounds.atLeast, below - 1), below };
}

const figureOf = (assumed: number, { atLeast, below }: Bounds): number =>
  below === undefined
    ? Math.max(assumed, atLeast)
    : Math.max(atLeast, Math.min(assumed, atLeast + Math.floor((below - atLeast) / 2)));
