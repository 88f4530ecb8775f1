import type { AttachmentRequest, PluginHandlers } from '@vpc-cni/cni-spec';
import { add } from './add.ts';
import { type AttachmentQueue, createAttachmentQueue } from './attachment-queue.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { gc } from './gc.ts';
import { readNetConf } from './net-conf.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { AddressPort, ReadinessPort, WiringPort } from './ports.ts';
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
  /** For whoever has operations of its own on attachments. Default: one of the handlers' own. */
  readonly queue?: AttachmentQueue;
}): PluginHandlers {
  const ports: PluginPorts = { queue: createAttachmentQueue(), ...outside };
  const inTurn = <T>(request: AttachmentRequest, verb: () => Promise<T>) =>
    ports.queue.run(keyOf(request, readNetConf(request.conf)), verb);
  return {
    add: async (request) => inTurn(request, () => add(ports, request)),
    del: async (request) => inTurn(request, () => del(ports, request)),
    check: async (request) => inTurn(request, () => check(ports, request)),
    gc: (request) => gc(ports, request),
    status: () => status(ports),
  };
}
