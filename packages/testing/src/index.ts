export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { type ReadmeExampleRun, runReadmeExample } from './readme-example.ts';
