// For people who simulate.

export type { Ec2Settings, SimulationConfig, Strategy } from './config.ts';
export { type CallCount, DEFAULT_EC2, EC2_CALLS, type Ec2Call, type Ec2Config } from './ec2.ts';
export { type Candidate, type Objective, recommend } from './recommend.ts';
export type { PodResult, SimulationResult, WaitFigures } from './result.ts';
export {
  type Comparison,
  compare,
  type Setting,
  type SimulateOptions,
  simulate,
} from './simulate.ts';
export type { SubnetConfig } from './subnet-space.ts';
export type { Averages, Sample } from './timeline.ts';
export type { BucketSize } from './token-bucket.ts';
export {
  mergeTraces,
  type RecordedCall,
  type Trace,
  type TracePod,
  traceFromCalls,
} from './trace.ts';
export { burst, churn, cron, diurnal, type GeneratorOptions } from './trace-generators.ts';
