import { type Candidate, type Objective, recommend } from '../../simulator/recommend.ts';
import type { WarmTargets } from '../../warm-targets.ts';
import { readDuration } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { type Command, printJson } from './command.ts';
import { createProgressBar } from './progress-bar.ts';
import { optional, readScenario, SCENARIO_OPTIONS } from './scenario.ts';
import { configOf, forJson, OUTPUT_OPTIONS, showResults } from './simulation-output.ts';
import { duration, figure, table } from './table.ts';
import { readStrategy, readTargets } from './targets-option.ts';

const SHOWN = 8;
/** Of these the page compares the first ones. */
const CHARTED = 3;

export const recommendCommand: Command = {
  name: 'recommend',
  usage: '--instance TYPE --trace PODS [--fewest idle-addresses|ec2-calls] [--p99 TIME]',
  summary: 'Searches warm targets: the cheapest among those that let no pod wait too long.',
  example:
    'warm-pool recommend --instance m5.xlarge --trace cron:pods=20,every=5m,life=2m --p99 2s',
  options: {
    ...SCENARIO_OPTIONS,
    strategy: { value: 'NAME', help: 'default or upstream; default default' },
    fewest: { value: 'WHAT', help: 'idle-addresses (default) or ec2-calls' },
    p99: { value: 'TIME', help: 'longest wait that 99 of 100 pods may have; default 1s' },
    ...OUTPUT_OPTIONS,
  },
  async run(args, terminal, nowMs) {
    const { trace, config, title } = await readScenario(args, terminal);
    const strategy = optional(args, 'strategy', readStrategy) ?? 'default';
    const setting = { strategy, ...readTargets('--set', args.values('set')) };
    const objective: Objective = {
      fewest: optional(args, 'fewest', readFewest) ?? 'idle-addresses',
      maxP99WaitMs: optional(args, 'p99', readDuration) ?? 1_000,
    };
    const progress = createProgressBar(terminal, 'searching', nowMs);
    const candidates = recommend(trace, configOf(config, setting), objective, {
      onProgress: progress.show,
    });
    progress.end();
    const best = candidates.slice(0, SHOWN);
    if (args.has('html')) {
      const results = best.slice(0, CHARTED).map(named);
      const silent = { ...terminal, out: () => {} };
      await showResults({ title, results }, args, silent);
    }
    if (args.has('json')) {
      printJson(terminal, {
        title,
        objective,
        candidates: candidates.map((candidate) => ({
          targets: candidate.targets,
          isAcceptable: candidate.isAcceptable,
          ...forJson(named(candidate)),
        })),
      });
      return;
    }
    terminal.out(`${title}\n\n${candidateTable(best)}\n${verdict(best[0], objective)}\n`);
  },
};

const named = ({ targets, result }: Candidate) => ({ name: variablesOf(targets), result });

function candidateTable(candidates: readonly Candidate[]): string {
  return table(
    ['', 'idle, average', 'EC2 calls', 'wait, p99', 'wait, longest', 'failed ADDs', 'acceptable'],
    candidates.map(({ targets, result, isAcceptable }) => [
      variablesOf(targets),
      figure(result.averages.idleCount),
      figure(result.ec2.callCount),
      duration(result.waits.p99Ms),
      duration(result.waits.maxMs),
      figure(result.addFailureCount),
      isAcceptable ? 'yes' : 'no',
    ]),
  );
}

function verdict(best: Candidate | undefined, { maxP99WaitMs }: Objective): string {
  if (best?.isAcceptable === true) {
    return `recommended: ${variablesOf(best.targets)}`;
  }
  return (
    `no targets keep the p99 wait within ${duration(maxP99WaitMs)}: ` +
    'the first row waits least; a larger instance type, more nodes or a larger --p99 may help'
  );
}

/** The targets as variables of a DaemonSet. */
function variablesOf(targets: WarmTargets): string {
  const { warmEniTarget, warmIpTarget, minimumIpTarget, warmPrefixTarget = 0 } = targets;
  if (warmIpTarget > 0 || minimumIpTarget > 0) {
    const minimum = minimumIpTarget > 0 ? ` MINIMUM_IP_TARGET=${minimumIpTarget}` : '';
    return `WARM_IP_TARGET=${warmIpTarget}${minimum}`;
  }
  return targets.assignmentMode === 'prefix'
    ? `WARM_PREFIX_TARGET=${warmPrefixTarget}`
    : `WARM_ENI_TARGET=${warmEniTarget}`;
}

function readFewest(field: string, value: string): Objective['fewest'] {
  if (value !== 'idle-addresses' && value !== 'ec2-calls') {
    throw new CliError(field, value, 'choose idle-addresses or ec2-calls');
  }
  return value;
}
