import { type AttachmentRequest, type CniResult, parsePrevResult } from '@vpc-cni/cni-spec';
import { addResult } from './add-result.ts';
import { refusalError, wiringError } from './cni-error-table.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { readPodIdentity, readPodUid } from './pod-identity.ts';
import { requireWanted } from './require-wanted.ts';
import { requireOneCard } from './several-cards.ts';
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
  const { signal, netns: netnsPath } = request;
  const { vethPrefix, mtuBytes, branchMode } = conf;
  const podUid = readPodUid(request.args);
  // One that cannot be read is a mistake; one that can is nobody's here, and not passed on, as upstream has it.
  parsePrevResult(request.conf);
  requireOneCard(request.conf);

  requireWanted(signal);
  const reply = await ports.addresses.reserve(key, pod, {
    signal,
    wiring: { netnsPath, vethPrefix, mtuBytes, branchMode },
    ...(podUid === undefined ? {} : { podUid }),
  });
  if (reply.kind === 'refused') throw refusalError(reply);

  const { held, isNew } = reply;
  try {
    const wiring = wiringOf({ ...held, ...pod }, conf, netnsPath);
    const { hostLinkName } = await ports.queue.wire(pod, async () => {
      requireWanted(signal);
      return ports.wiring.setUp(wiring);
    });
    return addResult({ held, hostLinkName, podLinkName: request.ifName, netnsPath });
  } catch (error) {
    // That it could not be written down is the next DEL's matter; what went wrong first is the runtime's.
    if (isNew) await ports.addresses.release(key).catch(() => {});
    throw wiringError(error, `wire ${request.ifName} of pod ${pod.podNamespace}/${pod.podName}`);
  }
}
