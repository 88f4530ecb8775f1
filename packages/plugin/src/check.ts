import { type AttachmentRequest, CNI_ERROR, CniError } from '@vpc-cni/cni-spec';
import { PLUGIN_ERROR, wiringError } from './cni-error-table.ts';
import { type NetConf, readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { HeldAddress, PlacedAddress, PodToCheck } from './ports.ts';
import { rememberedAddresses, rememberedPodOf, withRouter } from './remembered-pod.ts';
import { interfacesOf, isPlaced, keyOf, wiringsOf } from './wiring-of.ts';

/**
 * CHECK: the attachment holds the addresses that the runtime knows of, and the kernel has everything that
 * ADD made.
 */
export async function check(ports: PluginPorts, request: AttachmentRequest): Promise<void> {
  const conf = readNetConf(request.conf);
  const held = await ports.addresses.find(keyOf(request, conf));
  const pods =
    held.length === 0
      ? await wiredByOthers(ports, request, conf)
      : wiringsOf(requireAsRemembered(held, request), conf, request.netns);
  const missing: string[] = [];
  for (const pod of pods) {
    const ofOne = await ports.wiring.check(pod).catch((error: unknown) => {
      throw wiringError(error, `check ${pod.podLinkName} of ${request.containerId}`);
    });
    missing.push(...ofOne);
  }
  if (missing.length > 0) {
    throw new CniError(PLUGIN_ERROR.drifted, 'the wiring is incomplete', missing.join('; '));
  }
}

/** Of pods that the AWS VPC CNI wired on ENIs of their own, before a migration, only the runtime knows. */
async function wiredByOthers(
  { addresses }: PluginPorts,
  request: AttachmentRequest,
  conf: NetConf,
): Promise<readonly PodToCheck[]> {
  const remembered = rememberedPodOf(request);
  const branch = remembered?.branch && withRouter(remembered.branch, request.conf);
  const held =
    remembered && branch ? await addresses.identify(keyOf(request, conf), remembered) : [];
  if (branch === undefined || held.length === 0) {
    throw new CniError(
      CNI_ERROR.unknownContainer,
      'this attachment holds no address',
      `container ${request.containerId}, interface ${request.ifName}; recreate the pod`,
    );
  }
  return interfacesOf(held, conf, request.netns).map((pod) => ({
    ...pod,
    routeTableId: 0,
    branch,
  }));
}

function requireAsRemembered(
  held: readonly HeldAddress[],
  { conf }: AttachmentRequest,
): readonly PlacedAddress[] {
  const remembered = rememberedAddresses(conf);
  for (const [index, { address }] of held.entries()) {
    const known = remembered[index] ?? address;
    if (known === address) continue;
    throw new CniError(
      PLUGIN_ERROR.drifted,
      'the attachment holds another address',
      `the runtime knows it by ${known}, and it holds ${address}; recreate the pod`,
    );
  }
  const lost = held.find((one) => !isPlaced(one));
  if (lost !== undefined) {
    throw new CniError(
      PLUGIN_ERROR.drifted,
      'the wiring is incomplete',
      `the ENI of ${lost.address} is not among the ENIs this node manages (detached, tagged no_manage, or without a link); recreate the pod`,
    );
  }
  return held.filter(isPlaced);
}
