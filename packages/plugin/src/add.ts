import { type AttachmentRequest, type CniResult, parsePrevResult } from '@vpc-cni/cni-spec';
import { addResult } from './add-result.ts';
import { refusalError, wiringError } from './cni-error-table.ts';
import { readNetConf } from './net-conf.ts';
import { enforcePolicies } from './network-policies.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { readPodIdentity, readPodUid } from './pod-identity.ts';
import { requireWanted } from './require-wanted.ts';
import { requireOneCard } from './several-cards.ts';
import { keyOf, wiringOf } from './wiring-of.ts';

/**
 * ADD: reserve an address, wire the pod, have its network policies enforced, report.
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
  /** What has been done since, the last first. */
  const undo: (() => Promise<void>)[] = [];
  if (isNew) undo.unshift(() => ports.addresses.release(key));
  try {
    const wiring = wiringOf({ ...held, ...pod }, conf, netnsPath);
    const { hostLinkName } = await ports.queue.wire(pod, async () => {
      requireWanted(signal);
      const wired = await ports.wiring.setUp(wiring);
      undo.unshift(() => ports.queue.wire(pod, () => ports.wiring.tearDown(wiring)));
      await enforcePolicies(ports, pod, signal);
      return wired;
    });
    return addResult({ held, hostLinkName, podLinkName: request.ifName, netnsPath });
  } catch (error) {
    // What cannot be undone is the next DEL's matter; what went wrong first is the runtime's.
    await inTurn(undo).catch(() => {});
    throw wiringError(error, `wire ${request.ifName} of pod ${pod.podNamespace}/${pod.podName}`);
  }
}

/** Up to the first that fails: an address is free only once nothing of its pod is left. */
async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}
