import { compare } from '../../simulator/simulate.ts';
import type { Command } from './command.ts';
import { createProgressBar } from './progress-bar.ts';
import { readScenario, SCENARIO_OPTIONS } from './scenario.ts';
import { configOf, OUTPUT_OPTIONS, showResults } from './simulation-output.ts';
import { readSetting } from './targets-option.ts';

export const compareCommand: Command = {
  name: 'compare',
  usage: '--instance TYPE --trace PODS [--setting SETTING …]',
  summary: 'Several settings on the same pods, side by side.',
  example:
    "warm-pool compare --instance m5.large --trace churn:pods=20,life=10m --setting upstream --setting 'default WARM_IP_TARGET=5'",
  options: {
    ...SCENARIO_OPTIONS,
    setting: {
      value: 'SETTING',
      repeated: true,
      help: "strategy and variables, as in 'upstream WARM_IP_TARGET=5'; default both strategies",
    },
    ...OUTPUT_OPTIONS,
  },
  async run(args, terminal, nowMs) {
    const { trace, config, title } = await readScenario(args, terminal);
    const given = args.values('setting');
    const otherwise = { strategy: 'default', words: args.values('set') } as const;
    const settings = (given.length === 0 ? ['upstream', 'default'] : given)
      .map((text) => readSetting(text, otherwise))
      .map((setting) => ({ name: setting.name, config: configOf(config, setting) }));
    const progress = createProgressBar(terminal, 'comparing', nowMs);
    const results = compare(trace, settings, { onProgress: progress.show });
    progress.end();
    await showResults({ title, results }, args, terminal);
  },
};
