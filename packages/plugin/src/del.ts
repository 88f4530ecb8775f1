import type { AttachmentRequest } from '@vpc-cni/cni-spec';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { rememberedPodOf } from './remembered-pod.ts';
import { takeDown } from './take-down.ts';
import { keyOf } from './wiring-of.ts';

/** DEL: takes the attachment down; repeatable. */
export async function del(ports: PluginPorts, request: AttachmentRequest): Promise<void> {
  const conf = readNetConf(request.conf);
  await takeDown(ports, keyOf(request, conf), {
    conf,
    netnsPath: request.netns,
    remembered: rememberedPodOf(request),
  });
}
