import type { EniTruth as Ec2Eni } from '@vpc-cni/eni-allocator';
import { eniKind, eniManagement, isEniAllocatorError } from '@vpc-cni/eni-allocator';
import type { EniSlot } from '@vpc-cni/pool-controller';
import type { AwsAccess } from './aws.ts';
import type { Context } from './context.ts';

/** The network cards of the instance, and which of them the pool is on. */
export interface NetworkCards {
  /** Those that the instance has, ascending. */
  readonly all: readonly number[];
  /** Those that the pool is on, ascending; card 0 always. */
  managed(): readonly number[];
  /** Slots of ENIs that instance metadata does not show, because they have no addresses. */
  hiddenSlots(): readonly EniSlot[];
  /** Asks EC2 about them, now and again, until the daemon ends. */
  follow(onChange: () => void): Promise<void>;
}

/** Which cards others use is seldom changed while an instance runs. */
const ASK_EC2_MS = 4 * 3_600_000;
const RETRY_MS = 10_000;

/**
 * Finds out which network cards the pool is on: card 0, and with `ENABLE_MULTI_NIC` all but those that
 * others use for EFA alone. Until EC2 has told, those on which metadata shows ENIs; where it may not be asked
 * (`ENABLE_IMDS_ONLY_MODE`, or the IAM policy), all of them.
 */
export async function openNetworkCards(
  { config, log, clock, signal }: Context,
  {
    imds,
    allocator,
    limits,
    instance,
  }: Pick<AwsAccess, 'imds' | 'allocator' | 'limits' | 'instance'>,
): Promise<NetworkCards> {
  const all = (limits().networkCards ?? [{ networkCardIndex: 0 }]).map(
    ({ networkCardIndex }) => networkCardIndex,
  );
  const { onEveryCard, imdsOnly } = config.enis;
  const isAsked = onEveryCard && !imdsOnly && all.length > 1;
  const shown = isAsked ? await imds.readEnis({ signal }) : [];
  const isManagedUnasked = onEveryCard && imdsOnly;
  let managed: readonly number[] = all.filter(
    (card) =>
      isManagedUnasked ||
      card === 0 ||
      shown.some(({ networkCardIndex }) => networkCardIndex === card),
  );
  let hiddenSlots: readonly EniSlot[] = [];

  const isManaged = (eni: Ec2Eni) => {
    const isPrimary = eni.eniId === instance.primaryEniId;
    const { managesUntagged } = config.enis;
    return eniManagement(eni, { ...instance, managesUntagged, isPrimary }).kind === 'managed';
  };

  /** @returns whether EC2 has told, or never will. */
  async function ask(): Promise<boolean> {
    try {
      const enis = await allocator.describeAttachedEnis({ signal });
      managed = managedCards(
        all,
        enis.map((eni) => ({ ...slotOf(eni), kind: kindOf(eni) })),
      );
      hiddenSlots = enis.filter((eni) => eniKind(eni) === 'efa-only').map(slotOf);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      log.warn({ err: error }, 'EC2 does not tell which network cards are for EFA alone');
      if (!isEniAllocatorError(error) || error.reaction !== 'permission') return false;
      managed = all;
      return true;
    }
  }
  const kindOf = (eni: Ec2Eni) => {
    if (eniKind(eni) === 'efa-only') return 'efa-only';
    return isManaged(eni) ? 'managed' : 'unmanaged';
  };

  return {
    all,
    managed: () => managed,
    hiddenSlots: () => hiddenSlots,
    follow: async (onChange) => {
      while (isAsked && !signal.aborted) {
        const before = managed;
        const isTold = await ask();
        if (before.join() !== managed.join()) {
          log.info({ networkCards: managed }, 'the pool is on these network cards');
          onChange();
        }
        await clock.sleep(isTold ? ASK_EC2_MS : RETRY_MS, { signal }).catch(() => {});
      }
    },
  };
}

/** An ENI of the instance. */
interface SeenEni {
  readonly networkCardIndex: number;
  /** `efa-only` ENIs have no addresses. */
  readonly kind: 'managed' | 'unmanaged' | 'efa-only';
}

/** All cards but those that carry an `efa-only` ENI, and no ENI of the pool's beside it. */
export const managedCards = (
  cards: readonly number[],
  enis: readonly SeenEni[],
): readonly number[] =>
  cards.filter((card) => {
    const kinds = enis.filter((eni) => eni.networkCardIndex === card).map(({ kind }) => kind);
    return card === 0 || !kinds.includes('efa-only') || kinds.includes('managed');
  });

const slotOf = ({ deviceNumber = 0, networkCardIndex = 0 }: Ec2Eni): EniSlot => ({
  deviceNumber,
  networkCardIndex,
});
