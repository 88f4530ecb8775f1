import { type PluginHandlers, parsePluginConf } from '@vpc-cni/cni-spec';
import type { Context } from '../context.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import {
  deadAttachments,
  type HeldAttachment,
  hasLostKey,
  missingAttachments,
  type RuntimeListing,
} from './dead-attachments.ts';

const SWEEP_MS = 300_000;

/**
 * Takes down, every five minutes, attachments whose sandbox is gone without a DEL: what CNI's GC does for
 * runtimes that have it. An attachment goes when two listings in a row do not have its sandbox; while the
 * runtime does not answer, nothing goes.
 *
 * Runs until the daemon ends.
 */
export async function sweepAttachments(
  { config, clock, log, signal }: Pick<Context, 'config' | 'clock' | 'log' | 'signal'>,
  {
    runtime,
    attachments,
    handlers,
  }: {
    readonly runtime: ContainerRuntime;
    readonly attachments: () => readonly HeldAttachment[];
    readonly handlers: Pick<PluginHandlers, 'del'>;
  },
): Promise<void> {
  let missingBefore: readonly HeldAttachment[] = [];

  async function takeDown({ key, address, metadata }: HeldAttachment): Promise<void> {
    const { networkName, containerId, interfaceName } = key;
    const { vethPrefix } = config.host;
    const stdin = JSON.stringify({ name: networkName, type: 'aws-cni', vethPrefix });
    try {
      // The DEL that the runtime owes, and as containerd sends it when the sandbox is gone.
      await handlers.del({
        containerId,
        ifName: interfaceName,
        netns: '',
        args: '',
        path: '',
        stdin,
        conf: parsePluginConf(stdin),
        signal,
      });
      log.warn({ key, address, ...metadata }, 'the sandbox is gone, its attachment was taken down');
    } catch (error) {
      log.warn({ key, address, err: error }, 'cannot take down the attachment of a gone sandbox');
    }
  }

  while (!signal.aborted) {
    await clock.sleep(SWEEP_MS, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const listing = await listingOf(runtime, attachments(), signal);
      const missing = missingAttachments(attachments(), listing, clock.nowMs());
      for (const dead of deadAttachments(missing, missingBefore)) await takeDown(dead);
      missingBefore = missing;
    } catch (error) {
      missingBefore = [];
      if (!signal.aborted)
        log.warn({ err: error }, 'the container runtime does not list sandboxes');
    }
  }
}

async function listingOf(
  runtime: ContainerRuntime,
  attachments: readonly HeldAttachment[],
  signal: AbortSignal,
): Promise<RuntimeListing> {
  const sandboxes = await runtime.listSandboxes({ signal });
  const addresses = new Set<string>();
  if (attachments.some(hasLostKey)) {
    for (const { id } of sandboxes) {
      const address = await runtime.addressOf(id, { signal });
      if (address !== undefined) addresses.add(address);
    }
  }
  return { sandboxIds: new Set(sandboxes.map(({ id }) => id)), addresses };
}
