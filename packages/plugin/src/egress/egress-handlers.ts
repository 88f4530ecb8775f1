import {
  type AttachmentRequest,
  CNI_ERROR,
  CniError,
  type CniResult,
  type PluginHandlers,
} from '@vpc-cni/cni-spec';
import { PLUGIN_ERROR, wiringError } from '../cni-error-table.ts';
import { type EgressConf, readEgressConf, requirePrevResult } from './egress-conf.ts';
import type { EgressContainer, EgressPorts } from './egress-ports.ts';

type EnabledConf = Extract<EgressConf, { readonly isEnabled: true }>;

/**
 * The verbs of `egress-cni`: behind the plugin that wired a pod, a second link by which the pod leaves the VPC
 * in the other family, under the node's address. Where it is not `enabled`, the result before is the result.
 */
export const createEgressHandlers = (ports: EgressPorts): PluginHandlers => ({
  add: (request) => add(ports, request),
  del: (request) => del(ports, request),
  check: (request) => check(ports, request),
});

async function add(
  { addresses, wiring }: EgressPorts,
  request: AttachmentRequest,
): Promise<CniResult> {
  const previous = requirePrevResult(request.conf);
  const conf = readEgressConf(request.conf);
  if (!conf.isEnabled) return previous;
  const given = await addresses.add(conf.ipamType, request);
  try {
    const container = containerOf(request, conf);
    const links = await wiring.setUp(container, onlyAddressOf(given)).catch((error: unknown) => {
      throw wiringError(error, `wire the egress of ${request.containerId}`);
    });
    const podLink = { ...links.podLink, sandbox: request.netns };
    return { ...previous, interfaces: [...previous.interfaces, links.hostLink, podLink] };
  } catch (error) {
    // Or else nobody gives it back. What led here is what the runtime should read.
    await addresses.del(conf.ipamType, request).catch(() => {});
    throw error;
  }
}

/** The wiring goes first: an address must not be given again while rules of its former holder are there. */
async function del({ addresses, wiring }: EgressPorts, request: AttachmentRequest): Promise<void> {
  const conf = readEgressConf(request.conf);
  if (!conf.isEnabled) return;
  await wiring.tearDown(containerOf(request, conf)).catch((error: unknown) => {
    throw wiringError(error, `take down the egress of ${request.containerId}`);
  });
  await addresses.del(conf.ipamType, request);
}

async function check(
  { addresses, wiring }: EgressPorts,
  request: AttachmentRequest,
): Promise<void> {
  requirePrevResult(request.conf);
  const conf = readEgressConf(request.conf);
  if (!conf.isEnabled) return;
  await addresses.check(conf.ipamType, request);
  const missing = await wiring.check(containerOf(request, conf)).catch((error: unknown) => {
    throw wiringError(error, `check the egress of ${request.containerId}`);
  });
  if (missing.length > 0) {
    throw new CniError(PLUGIN_ERROR.drifted, 'the wiring is incomplete', missing.join('; '));
  }
}

const containerOf = (
  { conf: { name }, containerId, netns, ifName }: AttachmentRequest,
  { nodeAddress, mtuBytes, randomizeSnat }: EnabledConf,
): EgressContainer => ({
  networkName: name,
  containerId,
  netnsPath: netns,
  podLinkName: ifName,
  nodeAddress,
  mtuBytes,
  randomizeSnat,
});

function onlyAddressOf({ ips }: CniResult): string {
  const [only, ...others] = ips;
  const address = only?.address.split('/', 1)[0];
  if (address !== undefined && others.length === 0) return address;
  throw new CniError(
    CNI_ERROR.invalidConfig,
    'the IPAM plugin gave more addresses than one, or none',
    `it gave ${JSON.stringify(ips.map((ip) => ip.address))}; ipam.ranges of egress-cni must be one range`,
  );
}
