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
import type { CheckpointFiles, CheckpointFileText } from '@vpc-cni/ipam/checkpoint-file';
import type { EniTruth } from '@vpc-cni/pool-controller';
import { attachmentsOf } from './attachments-of.ts';
import type { Context } from './context.ts';
import type { PoolHost } from './pool.ts';

/**
 * Takes over the pods of an earlier process: everything in the checkpoint of which a host link still
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
  readonly checkpoint: CheckpointFiles;
  /** What {@link checkpoint} has. */
  readonly files: readonly CheckpointFileText[];
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** What the container runtime runs; asked only when the checkpoint does not tell. */
  readonly sandboxes?: (() => Promise<readonly RunningSandbox[]>) | undefined;
}): Promise<void> {
  const { context, book, host, checkpoint } = options;
  const { log, clock } = context;
  const recovery = await recoverPods(options);
  for (const { networkCardIndex, error } of recovery.unreadable) {
    const movedTo = await checkpoint.quarantine(networkCardIndex, context.wallNowMs());
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
  const isWired = (pod: Reservation, index: number) => hasHostLink(pod, index, linkNames);
  const orphans = attachmentsOf(book.reservations()).filter((held) => !held.some(isWired));
  for (const { key, address } of orphans.flat()) {
    host.network.tearDownPodRules(address);
    book.releaseAll(key, clock.nowMs());
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
export function rememberedEnis(files: readonly CheckpointFileText[]): readonly EniTruth[] {
  const { checkpoint } = recover({ files, podRules: [], enis: [], nowMs: 0 });
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
  files,
  sandboxes = async () => [],
}: Parameters<typeof restorePods>[0]): Promise<Recovery> {
  const nowMs = context.clock.nowMs();
  const enis = book.enis(nowMs);
  const evidence = {
    files,
    enis: enis.map(({ networkCardIndex, addresses, prefixes }) => ({
      networkCardIndex,
      addresses: addresses.map(({ address }) => address),
      prefixes: prefixes.map(({ prefix }) => prefix),
    })),
    nowMs,
  };
  const fromFile = recover({ ...evidence, podRules: [] });
  // A card above 0 has a file only while it has pods: without one, it had none, or the file is lost.
  const isRead = (card: number) =>
    files.some(({ networkCardIndex, text }) => networkCardIndex === card && text !== undefined);
  const isWhole = enis.every(({ networkCardIndex }) => isRead(networkCardIndex));
  if (fromFile.kind === 'checkpoint' && isWhole) return fromFile;
  const wired = await host.network.listPods();
  const isPods = (address: IpAddress) =>
    isOfIpv6(address) === (context.config.podFamily === 'ipv6');
  const podRules = wired
    .filter(isIpAddress)
    .filter(isPods)
    .map((address) => ({ address }));
  const fromKernel = recover({ ...evidence, podRules });
  if (fromKernel.kind === 'checkpoint') return fromKernel;
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
 * Whether the host link of the pod's interface with that number is among the host's links. Its prefix is ignored, because
 * `AWS_VPC_K8S_CNI_VETHPREFIX` may have changed since. Entries of old releases name no pod; they are
 * believed, as upstream does.
 */
function hasHostLink(
  { metadata: { podNamespace = '', podName = '' } }: Reservation,
  index: number,
  linkNames: readonly string[],
): boolean {
  if (podNamespace === '' || podName === '') return true;
  const suffix = hostLinkName({ prefix: '', podNamespace, podName, index });
  return linkNames.some((name) => name.endsWith(suffix));
}
