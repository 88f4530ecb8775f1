export { type Containerd, type ContainerdOptions, startContainerd } from './containerd.ts';
export {
  type CriClient,
  CriError,
  type Labels,
  type SandboxConfig,
  type SandboxListing,
  type SandboxName,
} from './cri-client.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { type Machine, type MachineProgram, startMachine } from './machine.ts';
export {
  type ReadmeExampleOptions,
  type ReadmeExampleRun,
  readReadmeExample,
  runReadmeExample,
} from './readme-example.ts';
