import type { AttachmentRequest } from '@vpc-cni/cni-spec';
import { wiringError } from './cni-error-table.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { keyOf, wiringOf } from './wiring-of.ts';

/**
 * DEL: take the wiring down, then release the address; in this order, so that an address is free
 * only once no rule of its former pod is left. An attachment that is not known is gone already.
 */
export async function del(ports: PluginPorts, request: AttachmentRequest): Promise<void> {
  const conf = readNetConf(request.conf);
  const key = keyOf(request, conf);
  const held = await ports.addresses.find(key);
  if (held === undefined) return;
  try {
    await ports.wiring.tearDown(wiringOf(held, conf, request.netns));
  } catch (error) {
    throw wiringError(error, `take down ${request.ifName} of ${request.containerId}`);
  }
  await ports.addresses.release(key);
}
