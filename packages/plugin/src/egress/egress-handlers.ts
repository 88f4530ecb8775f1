import {
  type AttachmentRequest,
  CNI_ERROR,
  CniError,
  type CniResult,
  type GcRequest,
  type PluginHandlers,
} from '@vpc-cni/cni-spec';
import { createAttachmentQueue } from '../attachment-queue.ts';
import { PLUGIN_ERROR, wiringError } from '../cni-error-table.ts';
import { collectGarbage } from '../gc.ts';
import type { AttachmentKey } from '../ports.ts';
import { requireWanted } from '../require-wanted.ts';
import { type EgressConf, readEgressConf, requirePrevResult } from './egress-conf.ts';
import type { EgressContainer, EgressPool, EgressPorts } from './egress-ports.ts';

type EnabledConf = Extract<EgressConf, { readonly isEnabled: true }>;

/**
 * The verbs of `egress-cni`: behind the plugin that wired a pod, a second link by which the pod leaves the VPC
 * in the other family, under the node's address. Where it is not `enabled`, the result before is the result.
 */
export function createEgressHandlers(
  outside: Omit<EgressPorts, 'queue'> & Partial<Pick<EgressPorts, 'queue'>>,
): PluginHandlers {
  const ports: EgressPorts = { queue: createAttachmentQueue(), ...outside };
  const { queue } = ports;
  return {
    add: async (request) => {
      const previous = requirePrevResult(request.conf);
      const conf = readEgressConf(request.conf);
      if (!conf.isEnabled) return previous;
      return queue
        .run(keyOf(request), () => add(ports, request, { previous, conf }))
        .catch(failing(`wire the egress of ${request.containerId}`));
    },
    del: async (request) => {
      const conf = readEgressConf(request.conf);
      if (!conf.isEnabled) return;
      const key = keyOf(request);
      await queue
        .runDel(key, () => takeDown(ports, key, { conf, netnsPath: request.netns }))
        .catch(failing(`take down the egress of ${request.containerId}`));
    },
    check: async (request) => {
      requirePrevResult(request.conf);
      const conf = readEgressConf(request.conf);
      if (!conf.isEnabled) return;
      await queue
        .run(keyOf(request), () => check(ports, request, conf))
        .catch(failing(`check the egress of ${request.containerId}`));
    },
    gc: (request) => gc(ports, request),
  };
}

async function add(
  { addresses, wiring }: EgressPorts,
  request: AttachmentRequest,
  { previous, conf }: { readonly previous: CniResult; readonly conf: EnabledConf },
): Promise<CniResult> {
  requireWanted(request.signal);
  const key = keyOf(request);
  const reply = await addresses.reserve(conf.pool, key);
  if (reply.kind !== 'reserved') throw notReserved(reply, key, conf.pool);
  try {
    const container = containerOf(key, conf, request.netns);
    const links = await wiring.setUp(container, reply.address);
    const podLink = { ...links.podLink, sandbox: request.netns };
    return { ...previous, interfaces: [...previous.interfaces, links.hostLink, podLink] };
  } catch (error) {
    // Or else nobody gives it back. What led here is what the runtime should read.
    await addresses.release(conf.pool, key).catch(() => {});
    throw error;
  }
}

/** The wiring goes first: an address must not be given again while rules of its former holder are there. */
async function takeDown(
  { addresses, wiring }: EgressPorts,
  key: AttachmentKey,
  { conf, netnsPath }: { readonly conf: EnabledConf; readonly netnsPath: string },
): Promise<void> {
  await wiring.tearDown(containerOf(key, conf, netnsPath));
  await addresses.release(conf.pool, key);
}

async function check(
  { addresses, wiring }: EgressPorts,
  request: AttachmentRequest,
  conf: EnabledConf,
): Promise<void> {
  const key = keyOf(request);
  const address = await addresses.find(conf.pool, key);
  if (address === undefined) {
    throw new CniError(
      CNI_ERROR.unknownContainer,
      'this attachment has no address for egress',
      `container ${key.containerId}, interface ${key.interfaceName}; recreate the pod`,
    );
  }
  const missing = await wiring.check(containerOf(key, conf, request.netns));
  if (missing.length > 0) {
    throw new CniError(PLUGIN_ERROR.drifted, 'the wiring is incomplete', missing.join('; '));
  }
}

async function gc(ports: EgressPorts, request: GcRequest): Promise<void> {
  const conf = readEgressConf(request.conf);
  if (!conf.isEnabled) return;
  const { networkName } = conf.pool;
  await collectGarbage(request, {
    list: async () =>
      (await ports.addresses.list(conf.pool)).map((holder) => ({ networkName, ...holder })),
    takeDown: (key) => ports.queue.run(key, () => takeDown(ports, key, { conf, netnsPath: '' })),
  });
}

const failing = (doing: string) => (error: unknown) => {
  throw wiringError(error, doing);
};

const keyOf = ({ conf: { name }, containerId, ifName }: AttachmentRequest): AttachmentKey => ({
  networkName: name,
  containerId,
  interfaceName: ifName,
});

const containerOf = (
  { networkName, containerId, interfaceName }: AttachmentKey,
  { nodeAddress, mtuBytes, randomizeSnat }: EnabledConf,
  netnsPath: string,
): EgressContainer => ({
  networkName,
  containerId,
  netnsPath,
  podLinkName: interfaceName,
  nodeAddress,
  mtuBytes,
  randomizeSnat,
});

function notReserved(
  reply: { readonly kind: 'held'; readonly address: string } | { readonly kind: 'exhausted' },
  { containerId, interfaceName }: AttachmentKey,
  { dataDirectory, networkName, cidr }: EgressPool,
): CniError {
  if (reply.kind === 'held') {
    return new CniError(
      PLUGIN_ERROR.attachmentExists,
      'the attachment has its egress already',
      `container ${containerId}, interface ${interfaceName} holds ${reply.address}; ADD must not be repeated without DEL`,
    );
  }
  return new CniError(
    CNI_ERROR.tryAgainLater,
    'no address for egress is left',
    `all of ${cidr} are taken; who holds them is in ${dataDirectory}/${networkName}`,
  );
}
