import type { Reservation } from '@vpc-cni/ipam';

/** What the runtime has, as one listing tells. */
export interface RuntimeListing {
  readonly sandboxIds: ReadonlySet<string>;
  /** Of pods that run; needed only while {@link hasLostKey} is true of a reservation. */
  readonly addresses: ReadonlySet<string>;
}

/**
 * Longer than any ADD may take: containerd lists a sandbox only after its ADD, for which kubelet allows
 * four minutes.
 */
export const GRACE_MS = 600_000;

/** What is asked of an attachment here. */
export type HeldAttachment = Pick<Reservation, 'key' | 'reservedAtMs' | 'metadata'> &
  Partial<Pick<Reservation, 'networkCardIndex'>> & { readonly address: string };

/** Whether only the address is known of the attachment, and stands for its container: `recoveredKey`. */
export const hasLostKey = ({ key, address }: HeldAttachment): boolean =>
  key.containerId === address;

/**
 * Attachments whose sandbox the runtime does not have, older than the grace.
 *
 * A sandbox that has stopped is listed until it is removed, and its DEL is kubelet's matter; one that
 * is not listed gets no DEL any more. A runtime that has not one of them is another than the one that made
 * them (Docker's containerd, say), and none is missing.
 */
export function missingAttachments(
  held: readonly HeldAttachment[],
  listing: RuntimeListing,
  nowMs: number,
): readonly HeldAttachment[] {
  // Of a pod with several interfaces the runtime tells the addresses of the first one only.
  const mayBeFurther = ({ networkCardIndex = 0 }: HeldAttachment) => networkCardIndex > 0;
  const isThere = (reservation: HeldAttachment) =>
    hasLostKey(reservation)
      ? mayBeFurther(reservation) || listing.addresses.has(reservation.address)
      : listing.sandboxIds.has(reservation.key.containerId);
  if (!held.some(isThere)) return [];
  return held.filter(
    (reservation) => nowMs - reservation.reservedAtMs > GRACE_MS && !isThere(reservation),
  );
}

/** Those that were missing the last time already, as the same reservation. */
export const deadAttachments = (
  missing: readonly HeldAttachment[],
  missingBefore: readonly HeldAttachment[],
): readonly HeldAttachment[] =>
  missing.filter((now) =>
    missingBefore.some(
      (before) =>
        before.address === now.address &&
        before.reservedAtMs === now.reservedAtMs &&
        before.key.containerId === now.key.containerId,
    ),
  );
