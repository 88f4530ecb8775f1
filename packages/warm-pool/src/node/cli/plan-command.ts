import { plan } from '../../default/plan.ts';
import { planUpstream } from '../../upstream/plan-upstream.ts';
import { CliError } from './cli-error.ts';
import { type Command, printJson } from './command.ts';
import { type PlanInput, readPlanInput } from './plan-input.ts';
import { table } from './table.ts';

export const planCommand: Command = {
  name: 'plan',
  usage: 'FILE|-',
  summary: 'What a node would do next, and why: JSON in, table out.',
  example:
    `echo '{"instanceType":"t3.small","environment":{"WARM_IP_TARGET":"2"},"state":{"maxPods":11,` +
    `"enis":[{"eniId":"eni-1","isPrimary":true,"totalCount":3,"reservedCount":3}]}}' | warm-pool plan -`,
  options: {},
  async run(args, terminal) {
    const [path, ...more] = args.positionals;
    if (path === undefined || more.length > 0) {
      throw new CliError('FILE', more.join(' '), 'name one file, or - for the input stream');
    }
    const made = planOf(await readPlanInput(path, terminal));
    if (args.has('json')) {
      printJson(terminal, made);
      return;
    }
    const { out } = terminal;
    out(
      made.actions.length === 0
        ? 'nothing to do\n'
        : table(['action', 'reason', 'what'], made.actions.map(row), 'words'),
    );
    if (made.refusals.length > 0) {
      out(`\nnot done:\n${table(['reason', '', 'figures'], made.refusals.map(row), 'words')}`);
    }
    const figures = Object.entries(made.figures).filter(([, value]) => typeof value !== 'object');
    if (figures.length > 0) {
      out(
        `\n${table(
          ['figure', ''],
          figures.map(([name, value]) => [name, String(value)]),
        )}`,
      );
    }
  },
};

interface MadePlan {
  readonly actions: readonly object[];
  readonly refusals: readonly object[];
  readonly figures: object;
}

const planOf = ({ strategy, state, targets, limits, nowMs }: PlanInput): MadePlan =>
  strategy === 'upstream'
    ? planUpstream(state, targets, limits, nowMs)
    : plan(state, targets, limits, nowMs);

/** Kind and reason first; the rest as it comes. */
function row(item: object): readonly string[] {
  const { kind, reason, ...rest } = item as Readonly<Record<string, unknown>>;
  const facts = Object.entries(rest).map(([name, value]) => `${name} ${text(value)}`);
  return kind === undefined
    ? [String(reason), '', facts.join(', ')]
    : [String(kind), String(reason), facts.join(', ')];
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value));
