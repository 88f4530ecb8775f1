import { type AttachmentRequest, CNI_ERROR, CniError } from '@vpc-cni/cni-spec';
import { PLUGIN_ERROR, wiringError } from './cni-error-table.ts';
import { type NetConf, readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { HeldAddress, PodToCheck } from './ports.ts';
import { rememberedAddress, rememberedPodOf, withRouter } from './remembered-pod.ts';
import { interfaceOf, isPlaced, keyOf, wiringOf } from './wiring-of.ts';

/**
 * CHECK: the attachment holds the address that the runtime knows of, and the kernel has everything that
 * ADD made.
 */
export async function check(ports: PluginPorts, request: AttachmentRequest): Promise<void> {
  const conf = readNetConf(request.conf);
  const held = await ports.addresses.find(keyOf(request, conf));
  const pod =
    held === undefined
      ? await wiredByOthers(ports, request, conf)
      : wiringOf(requireAsRemembered(held, request), conf, request.netns);
  const missing = await ports.wiring.check(pod).catch((error: unknown) => {
    throw wiringError(error, `check ${request.ifName} of ${request.containerId}`);
  });
  if (missing.length > 0) {
    throw new CniError(PLUGIN_ERROR.drifted, 'the wiring is incomplete', missing.join('; '));
  }
}

/** Of pods that the AWS VPC CNI wired on ENIs of their own, before a migration, only the runtime knows. */
async function wiredByOthers(
  { addresses }: PluginPorts,
  request: AttachmentRequest,
  conf: NetConf,
): Promise<PodToCheck> {
  const remembered = rememberedPodOf(request);
  const branch = remembered?.branch && withRouter(remembered.branch, request.conf);
  const held = remembered && branch && (await addresses.identify(keyOf(request, conf), remembered));
  if (branch === undefined || held === undefined) {
    throw new CniError(
      CNI_ERROR.unknownContainer,
      'this attachment holds no address',
      `container ${request.containerId}, interface ${request.ifName}; recreate the pod`,
    );
  }
  return { ...interfaceOf(held, conf, request.netns), routeTableId: 0, branch };
}

function requireAsRemembered(held: HeldAddress, { conf }: AttachmentRequest) {
  const remembered = rememberedAddress(conf) ?? held.address;
  if (remembered !== held.address) {
    throw new CniError(
      PLUGIN_ERROR.drifted,
      'the attachment holds another address',
      `the runtime knows it by ${remembered}, and it holds ${held.address}; recreate the pod`,
    );
  }
  if (!isPlaced(held)) {
    throw new CniError(
      PLUGIN_ERROR.drifted,
      'the wiring is incomplete',
      `the ENI of ${held.address} is not among the ENIs this node manages (detached, tagged no_manage, or without a link); recreate the pod`,
    );
  }
  return held;
}
