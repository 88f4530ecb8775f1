import type { AttachmentQueue } from './attachment-queue.ts';
import type { AddressPort, PolicyPort, ReadinessPort, WiringPort } from './ports.ts';

/** Everything the verbs need from outside. */
export interface PluginPorts {
  readonly addresses: AddressPort;
  readonly wiring: WiringPort;
  readonly readiness: ReadinessPort;
  /** `undefined` where nobody enforces network policies. */
  readonly policies?: PolicyPort | undefined;
  readonly queue: AttachmentQueue;
}
