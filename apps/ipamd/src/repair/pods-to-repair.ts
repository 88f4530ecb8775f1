import { type WiredAttachment, wiredAttachment } from '@vpc-cni/host-network';
import type { EniPlace, Reservation } from '@vpc-cni/ipam';
import { podLinkName } from '@vpc-cni/plugin';
import { attachmentsOf } from '../attachments-of.ts';
import type { BranchPod } from '../branch/branch-pods.ts';
import { GRACE_MS } from '../cri/dead-attachments.ts';

/**
 * The pods whose wiring should be whole, out of all reservations, and of the pods with ENIs of their own.
 *
 * Left out are those that something is being done to, those whose ENI is away, and all sandboxes of a pod but
 * the last: the host link is named after the pod. Where nobody wrote down how the pod is wired, because
 * another program wires it or a checkpoint of another daemon was taken over, only the host's side is
 * looked after, and not before its ADD must be over.
 */
export function podsToRepair(
  reservations: readonly (Reservation | BranchPod)[],
  {
    vethPrefix,
    isBusy,
    nowMs,
  }: {
    /** Of pods for which none was written down. */
    readonly vethPrefix: string;
    /** Whether an operation of the attachment is under way. */
    readonly isBusy: (key: Reservation['key']) => boolean;
    readonly nowMs: number;
  },
): readonly WiredAttachment[] {
  const last = new Map<string, readonly NumberedPod[]>();
  const inTurn = reservations.toSorted((a, b) => a.reservedAtMs - b.reservedAtMs);
  for (const held of attachmentsOf(inTurn)) {
    const numbered = held.map((pod, interfaceIndex) => ({ pod, interfaceIndex }));
    for (const { podNamespace, podName } of held.map(({ metadata }) => metadata)) {
      last.set(JSON.stringify([podNamespace, podName]), numbered);
    }
  }
  const isWired = ({ metadata: { wiring, podName = '' }, reservedAtMs }: Reservation | BranchPod) =>
    wiring !== undefined || (podName !== '' && nowMs - reservedAtMs > GRACE_MS);
  return [...last.values()].flat().flatMap(({ pod, interfaceIndex }) => {
    if (!isWired(pod) || isBusy(pod.key) || !isPlaced(pod)) return [];
    const { key, address, metadata, ...place } = pod;
    const { podNamespace = '', podName = '', wiring } = metadata;
    return [
      wiredAttachment({
        podNamespace,
        podName,
        podLinkName: podLinkName(key.interfaceName, interfaceIndex),
        ...(interfaceIndex === 0 ? {} : { interfaceIndex }),
        address,
        ...wayOutOf(place),
        ...(wiring ?? { netnsPath: '', vethPrefix }),
      }),
    ];
  });
}

interface NumberedPod {
  readonly pod: Reservation | BranchPod;
  readonly interfaceIndex: number;
}

type PlacedPod = (Reservation & { readonly eni: EniPlace }) | BranchPod;

const isPlaced = (pod: Reservation | BranchPod): pod is PlacedPod =>
  'branch' in pod || pod.eni !== undefined;

const wayOutOf = (place: Pick<BranchPod, 'branch'> | { readonly eni: EniPlace }) =>
  'branch' in place
    ? { branch: place.branch, routeTableId: 0 }
    : { routeTableId: place.eni.routeTableId };
