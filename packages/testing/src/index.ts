export { type Containerd, type ContainerdOptions, startContainerd } from './containerd.ts';
export { CriError, type SandboxName } from './cri-call.ts';
export type { CriClient, Labels, SandboxConfig, SandboxListing } from './cri-client.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { type Machine, type MachineProgram, startMachine } from './machine.ts';
export {
  type ReadmeExampleOptions,
  type ReadmeExampleRun,
  readReadmeExample,
  runReadmeExample,
} from './readme-example.ts';
