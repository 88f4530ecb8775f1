import type { GcRequest } from '@vpc-cni/cni-spec';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { HeldAddress } from './ports.ts';
import { takeDown } from './take-down.ts';

/**
 * GC: takes down and releases every attachment of the network that the runtime no longer lists.
 *
 * Goes on after a failure and reports all of them at the end. Without a list nothing is done:
 * absence does not mean that nothing is valid.
 */
export async function gc(ports: PluginPorts, request: GcRequest): Promise<void> {
  if (request.validAttachments === undefined) return;
  const conf = readNetConf(request.conf);
  const valid = new Set(request.validAttachments.map((a) => attachmentId(a.containerID, a.ifname)));
  const isStale = ({ key }: HeldAddress) =>
    !valid.has(attachmentId(key.containerId, key.interfaceName));

  const failures: unknown[] = [];
  for (const { key } of (await ports.addresses.list(conf.networkName)).filter(isStale)) {
    await ports.queue
      // What it holds is looked up again in its turn: a DEL may have come first.
      .run(key, () => takeDown(ports, key, { conf, netnsPath: '' }))
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) {
    const messages = failures.map((error) => (error instanceof Error ? error.message : error));
    throw new AggregateError(
      failures,
      `garbage collection left work undone: ${messages.join('; ')}`,
    );
  }
}

const attachmentId = (containerId: string, ifName: string) => JSON.stringify([containerId, ifName]);
