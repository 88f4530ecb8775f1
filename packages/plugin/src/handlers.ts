import type { AttachmentRequest, PluginHandlers } from '@vpc-cni/cni-spec';
import { add } from './add.ts';
import { type AttachmentQueue, createAttachmentQueue } from './attachment-queue.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { gc } from './gc.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import { readPodIdentity } from './pod-identity.ts';
import type { AddressPort, PolicyPort, ReadinessPort, WiringPort } from './ports.ts';
import { status } from './status.ts';
import { keyOf } from './wiring-of.ts';

/**
 * The CNI verbs of the VPC CNI, for `runPlugin` or `handleRequest` of `@vpc-cni/cni-spec`.
 *
 * The handlers know nothing of the process they run in: the daemon gives them its address book and
 * the host's network, a stand-alone program gives them a client of the daemon.
 */
export function createPluginHandlers(outside: {
  readonly addresses: AddressPort;
  readonly wiring: WiringPort;
  readonly readiness: ReadinessPort;
  /** Default: nobody enforces network policies. */
  readonly policies?: PolicyPort | undefined;
  /** For whoever has operations of its own on attachments. Default: one of the handlers' own. */
  readonly queue?: AttachmentQueue;
}): PluginHandlers {
  const ports: PluginPorts = { queue: createAttachmentQueue(), ...outside };
  const { queue } = ports;
  const key = (request: AttachmentRequest) => keyOf(request, readNetConf(request.conf));
  return {
    add: async (request) =>
      queue.runAdd(
        key(request),
        { pod: readPodIdentity(request.args), signal: request.signal },
        (signal) => add(ports, { ...request, signal }),
      ),
    del: async (request) => queue.runDel(key(request), () => del(ports, request)),
    check: async (request) => queue.run(key(request), () => check(ports, request)),
    gc: (request) => gc(ports, request),
    status: () => status(ports),
  };
}
