export { type BrowserLaunch, browserOnThisMachine } from './browser.ts';
export { type Containerd, type ContainerdOptions, startContainerd } from './containerd.ts';
export { CriError, type SandboxName } from './cri-call.ts';
export type { CriClient, Labels, SandboxConfig, SandboxListing } from './cri-client.ts';
export type { ContainerSpec, CriContainers, ExecOutcome } from './cri-containers.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { type Machine, type MachineProgram, startMachine } from './machine.ts';
export {
  type AgentAnswer,
  type AgentCall,
  type FakePolicyAgent,
  startFakePolicyAgent,
} from './policy-agent.ts';
export {
  type ReadmeExampleOptions,
  type ReadmeExampleRun,
  readReadmeExample,
  runReadmeExample,
} from './readme-example.ts';
export { signalOnLoadOf } from './signal-on-load.ts';
export { type AsUpstream, readAsUpstream } from './upstream-checkpoint.ts';
