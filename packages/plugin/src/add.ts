import { type AttachmentRequest, CNI_ERROR, CniError, type CniResult } from '@vpc-cni/cni-spec';
import { addResult } from './add-result.ts';
import { refusalError, wiringError } from './cni-error-table.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { readPodIdentity } from './pod-identity.ts';
import { keyOf, wiringOf } from './wiring-of.ts';

/**
 * ADD: reserve an address, wire the pod, report both.
 *
 * What a failing ADD made is undone; what an earlier ADD of the same attachment made is left alone.
 */
export async function add(ports: PluginPorts, request: AttachmentRequest): Promise<CniResult> {
  const conf = readNetConf(request.conf);
  const pod = readPodIdentity(request.args);
  const key = keyOf(request, conf);

  const reply = await ports.addresses.reserve(key, pod, { signal: request.signal });
  if (reply.kind === 'refused') throw refusalError(reply);

  const { held, isNew } = reply;
  if (request.signal.aborted) {
    // Nobody will read the answer, and the runtime's DEL may have been here already.
    if (isNew) await ports.addresses.release(key);
    throw new CniError(CNI_ERROR.tryAgainLater, 'the runtime gave up on this ADD');
  }
  const wiring = wiringOf({ ...held, ...pod }, conf, request.netns);
  try {
    const { hostLinkName } = await ports.wiring.setUp(wiring);
    return addResult({
      held,
      hostLinkName,
      vethPrefix: conf.vethPrefix,
      podLinkName: request.ifName,
      netnsPath: request.netns,
    });
  } catch (error) {
    if (isNew) await ports.addresses.release(key);
    throw wiringError(error, `wire ${request.ifName} of pod ${pod.podNamespace}/${pod.podName}`);
  }
}
