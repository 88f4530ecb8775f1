import type { AddressBook, EniSnapshot } from '@vpc-cni/ipam';
import type { Plan } from '@vpc-cni/warm-pool';
import type { StartedAction } from './action-ledger.ts';
import { grows } from './grows.ts';
import type { GrowthTroubles } from './growth-troubles.ts';
import { type Limit, limitIn, type Outlook } from './refusal.ts';

/** What is known of a pool at one instant. */
export interface OutlookSources {
  readonly book: AddressBook;
  /** The last one; `undefined` before the first look. */
  readonly plan: Plan | undefined;
  readonly inFlight: readonly StartedAction[];
  readonly troubles: GrowthTroubles;
  /** False when somebody else gives ENIs and addresses. */
  readonly provisions: boolean;
  readonly nowMs: number;
}

const PROVISIONING_DISABLED: Limit = {
  reason: 'provisioning-disabled',
  message:
    'DISABLE_NETWORK_RESOURCE_PROVISIONING (or ENABLE_IMDS_ONLY_MODE) is set: ENIs and addresses come from elsewhere',
};

/** What the node can be expected to have addresses for. */
export function outlookOfNode(sources: OutlookSources): Outlook {
  const { book, plan, nowMs, inFlight } = sources;
  return {
    statistics: book.statistics(nowMs),
    ...expectation(sources, plan?.refusals ?? [], book.enis(nowMs)),
    isGrowing: inFlight.some(grows),
  };
}

/** The same of each network card. */
export function outlooksByCard(
  sources: OutlookSources,
  networkCards: readonly number[],
): ReadonlyMap<number, Outlook> {
  const { book, plan, nowMs, inFlight } = sources;
  const { refusals = [], refusalsByCard = {} } = plan ?? {};
  const ofCards = new Set(Object.values(refusalsByCard).flat());
  const ofNode = refusals.filter((refusal) => !ofCards.has(refusal));
  const enis = book.enis(nowMs);
  const cardOf = (action: StartedAction) =>
    'eniId' in action
      ? enis.find(({ eniId }) => eniId === action.eniId)?.networkCardIndex
      : (action.networkCardIndex ?? 0);

  const outlookOf = (card: number): Outlook => {
    const own = [...(refusalsByCard[card] ?? []), ...ofNode];
    const there = enis.filter(({ networkCardIndex }) => networkCardIndex === card);
    return {
      ...(networkCards.length > 1 ? { networkCardIndex: card } : {}),
      statistics: book.statistics(nowMs, { networkCardIndex: card }),
      ...expectation(sources, own, there),
      isGrowing: inFlight.some((action) => grows(action) && cardOf(action) === card),
    };
  };
  return new Map(networkCards.map((card) => [card, outlookOf(card)]));
}

/** What keeps ENIs from growing. */
function expectation(
  { troubles, provisions, nowMs }: OutlookSources,
  refusals: Plan['refusals'],
  enis: readonly EniSnapshot[],
): Pick<Outlook, 'nowMs' | 'block' | 'limit'> {
  const hasSingles = enis.some(({ totalCount }) => totalCount > 0);
  const prefixShortage = hasSingles ? troubles.prefixShortage : undefined;
  const isFull = refusals.some(({ reason }) => reason === 'subnet-full');
  return {
    nowMs,
    block: troubles.ofNode ?? (isFull ? troubles.ofSubnets(nowMs) : undefined),
    limit: provisions ? limitIn(refusals, nowMs, prefixShortage) : PROVISIONING_DISABLED,
  };
}
