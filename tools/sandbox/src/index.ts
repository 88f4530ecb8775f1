// For other tools: build a VPC, run pods on it.
export { launcherPath, type Pod, type SandboxNode } from './node.ts';
export { type CommandResult, mustRun, runCommand } from './run-command.ts';
export {
  type CniOutcome,
  type ContainerRuntime,
  type PodSandbox,
  pluginConf,
} from './runtime.ts';
export { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';
