import { type AttachmentRequest, type CniResult, parsePrevResult } from '@vpc-cni/cni-spec';
import { addResult } from './add-result.ts';
import { refusalError, wiringError } from './cni-error-table.ts';
import { podLinkName, wantsEveryCard } from './multi-nic.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { readPodIdentity, readPodUid } from './pod-identity.ts';
import type { PlacedAddress } from './ports.ts';
import { requireWanted } from './require-wanted.ts';
import { setUpInterfaces } from './set-up-interfaces.ts';
import { keyOf, wiringsOf } from './wiring-of.ts';

/**
 * ADD: reserve an address, or one of every network card, wire the pod, report both.
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
  const onEveryCard = wantsEveryCard(request.conf);

  requireWanted(signal);
  const reply = await ports.addresses.reserve(key, pod, {
    signal,
    wiring: { netnsPath, vethPrefix, mtuBytes, branchMode },
    ...(podUid === undefined ? {} : { podUid }),
    ...(onEveryCard ? { onEveryCard } : {}),
  });
  if (reply.kind === 'refused') throw refusalError(reply);

  const { held, isNew } = reply;
  try {
    const wirings = wiringsOf(
      held.map((one) => ({ ...one, ...pod })),
      conf,
      netnsPath,
    );
    const hostLinkNames = await ports.queue.wire(pod, async () => {
      requireWanted(signal);
      return setUpInterfaces(ports.wiring, wirings);
    });
    const wired = (one: PlacedAddress, index: number) => ({
      held: one,
      hostLinkName: hostLinkNames[index] ?? '',
      podLinkName: podLinkName(request.ifName, index),
      netnsPath,
    });
    const [first, ...more] = held;
    return addResult([wired(first, 0), ...more.map((one, index) => wired(one, index + 1))]);
  } catch (error) {
    // That it could not be written down is the next DEL's matter; what went wrong first is the runtime's.
    if (isNew) await ports.addresses.release(key).catch(() => {});
    throw wiringError(error, `wire ${request.ifName} of pod ${pod.podNamespace}/${pod.podName}`);
  }
}
