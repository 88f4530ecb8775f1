import { join } from 'node:path';
import { createPodWiring, type HostNetwork, hostLinkName } from '@vpc-cni/host-network';
import { type CheckpointFileSystem, createCheckpointFile } from '@vpc-cni/ipam/checkpoint-file';
import type { Context } from '../context.ts';
import { type BranchPod, type BranchPods, createBranchPods } from './branch-pods.ts';
import { decodeBranchPods, encodeBranchPods } from './branch-pods-codec.ts';

export type BranchHost = Pick<HostNetwork, 'linkNames' | 'setUpPod' | 'tearDownPod' | 'checkPod'>;

export interface BranchPodsOptions {
  /** For tests. Default: the machine's own. */
  readonly fileSystem?: CheckpointFileSystem;
}

/**
 * The pods with ENIs of their own that an earlier process left, whether or not others may have one now.
 *
 * Those without a host link are gone, with the node's last boot or a DEL that was lost: what is left of them is
 * taken away. There is no file before the first such pod.
 */
export async function openBranchPods(
  {
    config,
    clock,
    log,
    phases,
    wallNowMs,
  }: Pick<Context, 'config' | 'clock' | 'log' | 'phases' | 'wallNowMs'>,
  network: BranchHost,
  { fileSystem }: BranchPodsOptions = {},
): Promise<BranchPods> {
  const path = join(config.runDirectory, 'branch-pods.json');
  const lagMs = () => wallNowMs() - clock.nowMs();
  const file = createCheckpointFile({
    path,
    snapshot: () => encodeBranchPods(pods.all(), lagMs()),
    ...(fileSystem === undefined ? {} : { fileSystem }),
  });
  const text = await phases.run(`reading ${path}`, () => file.load());
  let known: readonly BranchPod[] = [];
  try {
    if (text !== undefined) known = decodeBranchPods(text, lagMs());
  } catch (error) {
    const movedTo = await file.quarantine(wallNowMs());
    log.error(
      { err: error, movedTo },
      'pods with ENIs of their own are known to the runtime alone: the file is damaged and was moved aside',
    );
  }
  const pods = createBranchPods(known, () => file.save());
  if (known.length > 0) await forgetGone(pods, network, log);
  return pods;
}

async function forgetGone(
  pods: BranchPods,
  network: BranchHost,
  log: Context['log'],
): Promise<void> {
  const linkNames = await network.linkNames();
  const hasHostLink = ({ metadata }: BranchPod) => {
    const suffix = hostLinkName({ prefix: '', ...metadata });
    return linkNames.some((name) => name.endsWith(suffix));
  };
  for (const pod of pods.all().filter((known) => !hasHostLink(known))) {
    const { key, address, branch, metadata } = pod;
    const place = { netnsPath: '', vethPrefix: '', mtuBytes: 0, ...metadata.wiring };
    await createPodWiring(network).tearDown({
      ...metadata,
      ...place,
      podLinkName: key.interfaceName,
      address,
      branch,
    });
    await pods.release(key);
    log.info({ key, address, vlanId: branch.vlanId }, 'a pod with an ENI of its own is gone');
  }
}
