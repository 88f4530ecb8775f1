import { hostLinkName } from '@vpc-cni/host-network';
import {
  type AddressBook,
  type AddressEventListener,
  decodeCheckpoint,
  type Reservation,
} from '@vpc-cni/ipam';
import type { Context } from './context.ts';
import type { Host } from './host.ts';

/**
 * Takes over the pods of an earlier process: everything in the checkpoint whose host link still
 * exists. The rest has no pod any more; its rules are removed and its addresses cool down.
 */
export async function restorePods(options: {
  readonly context: Context;
  readonly book: AddressBook;
  readonly host: Host;
  /** Text of the checkpoint; `undefined` on a fresh node. */
  readonly checkpoint: string | undefined;
}): Promise<void> {
  const { context, book, host, checkpoint } = options;
  if (checkpoint === undefined) return;
  const { log, clock } = context;
  const linkNames = await host.network.linkNames();
  const { dropped } = book.restore(decodeCheckpoint(checkpoint), clock.nowMs());
  for (const { key, ipv4, reason } of dropped) {
    log.warn({ key, ipv4, reason }, 'checkpoint entry dropped');
  }
  const orphans = book.reservations().filter((pod) => !hasHostLink(pod, linkNames));
  for (const { key, address } of orphans) {
    host.network.tearDownPodRules(address);
    book.release(key, clock.nowMs());
    log.info({ key, address }, 'pod is gone, its address cools down');
  }
  for (const { key, address, eni } of book.reservations()) {
    if (eni === undefined)
      log.warn({ key, address }, 'a running pod has an ENI that is not managed');
  }
  await host.network.routePods(placesOf(book.reservations()));
  log.info({ pods: book.reservations().length }, 'checkpoint restored');
}

/** Pods by address and the table they leave by, stranded ones left out. */
const placesOf = (pods: readonly Reservation[]) =>
  pods.flatMap(({ address, eni }) =>
    eni === undefined ? [] : [{ address, routeTableId: eni.routeTableId }],
  );

/** A pod that has its address again may have it on another ENI: its packets have to leave by that one. */
export const routeRestoredPods =
  ({ log }: Context, { network }: Host): AddressEventListener =>
  (event) => {
    if (event.kind !== 'restored') return;
    const { key, address } = event.reservation;
    network.routePods(placesOf([event.reservation])).then(
      () => log.info({ key, address }, 'the ENI of a running pod is back'),
      (error: unknown) => log.error({ key, address, err: error }, 'cannot route a pod to its ENI'),
    );
  };

/**
 * Whether the pod's host link is among the host's links. Its prefix is ignored, because
 * `AWS_VPC_K8S_CNI_VETHPREFIX` may have changed since. Entries of old releases name no pod; they are
 * believed, as upstream does.
 */
function hasHostLink(
  { metadata: { podNamespace = '', podName = '' } }: Reservation,
  linkNames: readonly string[],
): boolean {
  if (podNamespace === '' || podName === '') return true;
  const suffix = hostLinkName({ prefix: '', podNamespace, podName });
  return linkNames.some((name) => name.endsWith(suffix));
}
