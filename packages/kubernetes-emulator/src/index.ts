// A Kubernetes API server in memory, for tests of what talks to one.
export { administrator, type Identity, type Rule } from './access.ts';
export type { ApiError, StatusReason } from './api-error.ts';
export type { Verb } from './api-request.ts';
export type { Clock } from './clock.ts';
export {
  createKubernetesEmulator,
  type KubernetesEmulator,
  type KubernetesEmulatorOptions,
  type ObjectName,
} from './emulator.ts';
export type { InProcessCall } from './in-process.ts';
export type { JournalEntry } from './journal.ts';
export type { Json, JsonObject } from './json.ts';
export type { InjectedFailure, Knobs, Target, Unavailability } from './knobs.ts';
export type { KubeObject, ObjectMeta } from './kube-object.ts';
export type { ServiceResponse } from './service.ts';
