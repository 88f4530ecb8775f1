import { simulate } from '../../simulator/simulate.ts';
import type { Command } from './command.ts';
import { createProgressBar } from './progress-bar.ts';
import { optional, readScenario, SCENARIO_OPTIONS } from './scenario.ts';
import { configOf, OUTPUT_OPTIONS, showResults } from './simulation-output.ts';
import { readStrategy, readTargets } from './targets-option.ts';

export const simulateCommand: Command = {
  name: 'simulate',
  usage: '--instance TYPE --trace PODS [--set VARIABLE=N …]',
  summary: 'What pods would wait, what would be held idle, and which EC2 calls would be made.',
  example:
    'warm-pool simulate --instance m5.large --trace churn:pods=20,life=10m --for 6h --set WARM_IP_TARGET=5',
  options: {
    ...SCENARIO_OPTIONS,
    strategy: { value: 'NAME', help: 'default or upstream; default default' },
    ...OUTPUT_OPTIONS,
  },
  async run(args, terminal, nowMs) {
    const { trace, config, title } = await readScenario(args, terminal);
    const strategy = optional(args, 'strategy', readStrategy) ?? 'default';
    const words = args.values('set');
    const setting = { strategy, ...readTargets('--set', words) };
    const progress = createProgressBar(terminal, 'simulating', nowMs);
    const result = simulate(trace, configOf(config, setting), { onProgress: progress.show });
    progress.end();
    const name = [strategy, ...words].join(' ');
    await showResults({ title, results: [{ name, result }] }, args, terminal);
  },
};
