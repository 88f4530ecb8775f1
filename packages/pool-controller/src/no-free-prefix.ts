import type { EniSnapshot, SubnetId } from '@vpc-cni/ipam';
import type { SubnetHint } from '@vpc-cni/warm-pool';
import type { StartedAction } from './action-ledger.ts';

/** As long as a full subnet is left alone (ipamd reference, "insufficient-CIDR back-off"). */
const FRAGMENTED_MS = 120_000;

const isNoFreePrefix = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | undefined)?.code === 'no-free-prefix';

/** Asks for one prefix where several cannot be had: EC2 gives all that it is asked for, or none. */
export async function withFewerPrefixes<T>(
  count: number,
  ask: (count: number) => Promise<T>,
): Promise<T> {
  try {
    return await ask(count);
  } catch (error) {
    if (count > 1 && isNoFreePrefix(error)) return ask(1);
    throw error;
  }
}

/** The subnet in which a failed action found no whole /28; `undefined` when it failed otherwise. */
export function subnetWithoutPrefix(
  error: unknown,
  action: StartedAction,
  enis: readonly EniSnapshot[],
): SubnetId | undefined {
  if (!isNoFreePrefix(error)) return undefined;
  return enis.find((eni) => ('eniId' in action ? eni.eniId === action.eniId : eni.isPrimary))
    ?.subnetId;
}

/** Remembers which subnets have no whole /28 left: single addresses they may still have. */
export interface FragmentedSubnets {
  note(subnetId: SubnetId, nowMs: number): void;
  /** The subnets of the ENIs. New ENIs go to that of the primary one. */
  hints(enis: readonly EniSnapshot[], nowMs: number): readonly SubnetHint[];
}

export function createFragmentedSubnets(): FragmentedSubnets {
  const fragmentedUntilMs = new Map<SubnetId, number>();
  return {
    note: (subnetId, nowMs) => {
      fragmentedUntilMs.set(subnetId, nowMs + FRAGMENTED_MS);
    },
    hints: (enis, nowMs) => {
      const newEniSubnet = enis.find(({ isPrimary }) => isPrimary)?.subnetId;
      return [...new Set(enis.map(({ subnetId }) => subnetId))].map((subnetId) => ({
        subnetId,
        isFragmented: (fragmentedUntilMs.get(subnetId) ?? nowMs) > nowMs,
        acceptsNewEnis: subnetId === newEniSubnet,
      }));
    },
  };
}
