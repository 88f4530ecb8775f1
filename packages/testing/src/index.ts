export { type Containerd, startContainerd } from './containerd.ts';
export { type CriClient, CriError, type SandboxName } from './cri-client.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export {
  type ReadmeExampleOptions,
  type ReadmeExampleRun,
  readReadmeExample,
  runReadmeExample,
} from './readme-example.ts';
