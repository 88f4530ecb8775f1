import { hostLinkName } from '@vpc-cni/host-network';
import {
  type AddressBook,
  type AddressEventListener,
  type IpAddress,
  isAddress,
  isIpAddress,
  isOfIpv6,
  isPrefix,
  ofEitherFamily,
  type Recovery,
  type Reservation,
  type RunningSandbox,
  recover,
} from '@vpc-cni/ipam';
import type { CheckpointFile } from '@vpc-cni/ipam/checkpoint-file';
import type { EniTruth } from '@vpc-cni/pool-controller';
import type { Context } from './context.ts';
import type { PoolHost } from './pool.ts';

/**
 * Takes over the pods of an earlier process: everything in the checkpoint whose host link still
 * exists. The rest has no pod any more; its rules are removed and its addresses cool down.
 *
 * A checkpoint that is damaged is moved aside, and one that is gone is missed only by pods: then every
 * address is held that the kernel leads to a pod, or that a sandbox has which the runtime runs. Whose it
 * is, the runtime tells, or else the pod's DEL.
 */
export async function restorePods(options: {
  readonly context: Context;
  readonly book: AddressBook;
  readonly host: { readonly network: PoolHost };
  readonly checkpoint: CheckpointFile;
  /** What {@link checkpoint} has; `undefined` when there is none. */
  readonly text: string | undefined;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** What the container runtime runs; asked only when the checkpoint does not tell. */
  readonly sandboxes?: (() => Promise<readonly RunningSandbox[]>) | undefined;
}): Promise<void> {
  const { context, book, host, checkpoint } = options;
  const { log, clock } = context;
  const recovery = await recoverPods(options);
  for (const { error } of recovery.unreadable) {
    const movedTo = await checkpoint.quarantine(context.wallNowMs());
    log.error({ err: error, movedTo }, 'the checkpoint is damaged and was moved aside');
  }
  if (recovery.kind === 'rebuilt') {
    const addresses = recovery.recovered.map(ofEitherFamily);
    log.warn({ addresses }, 'pods were found in the kernel, their names come with their DEL');
  }
  const linkNames = await host.network.linkNames();
  // Of a /80 nobody remembers what was released lately.
  const beginAt = recovery.kind === 'rebuilt' ? { beginAt: options.random() } : {};
  const { dropped } = book.restore(recovery.checkpoint, clock.nowMs(), beginAt);
  for (const { key, ipv4, ipv6, reason } of dropped) {
    log.warn({ key, ipv4, ipv6, reason }, 'checkpoint entry dropped');
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

/** The ENIs that an earlier process had, as far as its checkpoint tells. */
export function rememberedEnis(text: string | undefined): readonly EniTruth[] {
  const { checkpoint } = recover({
    files: [{ networkCardIndex: 0, text }],
    podRules: [],
    enis: [],
    nowMs: 0,
  });
  return (checkpoint.enis ?? []).map(({ blocks, ...eni }) => ({
    ...eni,
    secondaryAddresses: blocks.filter(isAddress),
    prefixes: blocks.filter(isPrefix),
    isManaged: true,
  }));
}

async function recoverPods({
  context,
  book,
  host,
  text,
  sandboxes = async () => [],
}: Parameters<typeof restorePods>[0]): Promise<Recovery> {
  const nowMs = context.clock.nowMs();
  const evidence = {
    files: [{ networkCardIndex: 0, text }],
    enis: book.enis(nowMs).map(({ networkCardIndex, addresses, prefixes }) => ({
      networkCardIndex,
      addresses: addresses.map(({ address }) => address),
      prefixes: prefixes.map(({ prefix }) => prefix),
    })),
    nowMs,
  };
  const fromFile = recover({ ...evidence, podRules: [] });
  if (fromFile.kind === 'checkpoint') return fromFile;
  const wired = await host.network.listPods();
  const isPods = (address: IpAddress) =>
    isOfIpv6(address) === (context.config.podFamily === 'ipv6');
  const podRules = wired
    .filter(isIpAddress)
    .filter(isPods)
    .map((address) => ({ address }));
  return recover({ ...evidence, podRules, sandboxes: await sandboxes() });
}

/** Pods by address and the table they leave by, stranded ones left out. */
const placesOf = (pods: readonly Reservation[]) =>
  pods.flatMap(({ address, eni }) =>
    eni === undefined ? [] : [{ address, routeTableId: eni.routeTableId }],
  );

/** A pod that has its address again may have it on another ENI: its packets have to leave by that one. */
export const routeRestoredPods =
  ({ log }: Context, { network }: { readonly network: PoolHost }): AddressEventListener =>
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
