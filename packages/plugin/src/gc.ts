import type { GcRequest } from '@vpc-cni/cni-spec';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { AttachmentKey } from './ports.ts';
import { takeDown } from './take-down.ts';

/** GC: takes down and releases every attachment of the network that the runtime no longer lists. */
export async function gc(ports: PluginPorts, request: GcRequest): Promise<void> {
  const conf = readNetConf(request.conf);
  await collectGarbage(request, {
    list: async () => (await ports.addresses.list(conf.networkName)).map(({ key }) => key),
    // What it holds is looked up again in its turn: a DEL may have come first.
    takeDown: (key) => ports.queue.run(key, () => takeDown(ports, key, { conf, netnsPath: '' })),
  });
}

/**
 * Takes down whatever is listed and not valid any more. Goes on after a failure and reports all of them at the
 * end. Without a list of the valid ones nothing is done: absence does not mean that nothing is valid.
 */
export async function collectGarbage(
  { validAttachments }: GcRequest,
  attachments: {
    list(): Promise<readonly AttachmentKey[]>;
    takeDown(key: AttachmentKey): Promise<void>;
  },
): Promise<void> {
  if (validAttachments === undefined) return;
  const valid = new Set(validAttachments.map((a) => attachmentId(a.containerID, a.ifname)));
  const isStale = (key: AttachmentKey) =>
    !valid.has(attachmentId(key.containerId, key.interfaceName));

  const failures: unknown[] = [];
  for (const key of unique((await attachments.list()).filter(isStale))) {
    await attachments.takeDown(key).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) {
    const messages = failures.map((error) => (error instanceof Error ? error.message : error));
    throw new AggregateError(
      failures,
      `garbage collection left work undone: ${messages.join('; ')}`,
    );
  }
}

/** One that holds several addresses is listed with each. */
const unique = (keys: readonly AttachmentKey[]): readonly AttachmentKey[] => [
  ...new Map(keys.map((key) => [attachmentId(key.containerId, key.interfaceName), key])).values(),
];

const attachmentId = (containerId: string, ifName: string) => JSON.stringify([containerId, ifName]);
