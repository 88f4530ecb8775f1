import type { AttachmentQueue } from './attachment-queue.ts';
import type { AddressPort, ReadinessPort, WiringPort } from './ports.ts';

/** Everything the verbs need from outside. */
export interface PluginPorts {
  readonly addresses: AddressPort;
  readonly wiring: WiringPort;
  readonly readiness: ReadinessPort;
  readonly queue: AttachmentQueue;
}
