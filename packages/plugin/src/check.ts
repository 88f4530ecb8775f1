import { type AttachmentRequest, CNI_ERROR, CniError } from '@vpc-cni/cni-spec';
import { PLUGIN_ERROR, wiringError } from './cni-error-table.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { rememberedAddresses } from './remembered-pod.ts';
import { isPlaced, keyOf, wiringsOf } from './wiring-of.ts';

/**
 * CHECK: the attachment holds the addresses that the runtime knows of, and the kernel has everything that
 * ADD made.
 */
export async function check(ports: PluginPorts, request: AttachmentRequest): Promise<void> {
  const conf = readNetConf(request.conf);
  const held = await ports.addresses.find(keyOf(request, conf));
  if (held.length === 0) {
    throw new CniError(
      CNI_ERROR.unknownContainer,
      'this attachment holds no address',
      `container ${request.containerId}, interface ${request.ifName}; recreate the pod`,
    );
  }
  const remembered = rememberedAddresses(request.conf);
  for (const [index, { address }] of held.entries()) {
    const known = remembered[index] ?? address;
    if (known === address) continue;
    throw new CniError(
      PLUGIN_ERROR.drifted,
      'the attachment holds another address',
      `the runtime knows it by ${known}, and it holds ${address}; recreate the pod`,
    );
  }
  const placed = held.filter(isPlaced);
  const lost = held.find((one) => !isPlaced(one));
  if (lost !== undefined) {
    throw new CniError(
      PLUGIN_ERROR.drifted,
      'the wiring is incomplete',
      `the ENI of ${lost.address} is not among the ENIs this node manages (detached, tagged no_manage, or without a link); recreate the pod`,
    );
  }
  const missing: string[] = [];
  for (const wiring of wiringsOf(placed, conf, request.netns)) {
    const ofOne = await ports.wiring.check(wiring).catch((error: unknown) => {
      throw wiringError(error, `check ${wiring.podLinkName} of ${request.containerId}`);
    });
    missing.push(...ofOne);
  }
  if (missing.length > 0) {
    throw new CniError(PLUGIN_ERROR.drifted, 'the wiring is incomplete', missing.join('; '));
  }
}
