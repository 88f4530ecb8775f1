import { defaultInWords, expectedOf } from './parse-setting.ts';
import { type Precedence, precedences } from './precedence.ts';
import { rules } from './rules.ts';
import type { ManifestValue, ParserClass, Setting, SettingStatus } from './setting.ts';
import { settingGroups, settingOf, type Variable, variables } from './settings.ts';

/** One setting as data, for other generators. */
export interface SettingData extends Omit<Setting, 'byDefault'> {
  readonly variable: Variable;
  readonly byDefault: Setting['byDefault'] | null;
  readonly invalid: string;
  readonly overriddenBy: readonly { readonly variable: Variable; readonly when: string }[];
}

/** The table as data, in its order. */
export const settingsData = (): readonly SettingData[] =>
  variables.map((variable) => {
    const row = settingOf(variable);
    return {
      variable,
      ...row,
      byDefault: row.byDefault ?? null,
      invalid: invalidOf(row),
      overriddenBy: overridesOf(variable).map(({ by, inWords }) => ({
        variable: by,
        when: inWords,
      })),
    };
  });

const overridesOf = (variable: Variable): readonly Precedence[] =>
  precedences.filter((precedence) => precedence.variable === variable);

/** The table as a page in Markdown. */
export const settingsPage = (): string =>
  [INTRODUCTION, ...settingGroups.map(section), rulesSection(), OTHERS].join('\n\n').concat('\n');

const INTRODUCTION = `# Configuration

<!-- Written by \`npm run docs:configuration\` from the table in packages/config; do not edit. -->

Every setting is an environment variable of the DaemonSet \`aws-node\`, with the AWS VPC CNI's name, parser and default unless it
says otherwise. What a node makes of its own, with notices:

\`\`\`sh
kubectl -n kube-system exec ds/aws-node -c aws-node -- node /app/ipamd/main.js config explain
\`\`\`

A value that cannot be used is never silent: the log names variable, value and remedy. So do names that look misspelt.
*init* is the installer in the init container, *entry* the installer in the main one, *ipamd* the daemon, *plugin* what the
container runtime executes. The class in brackets says what an empty and an unreadable text come to:

| class | accepts | set but empty | unreadable |
|---|---|---|---|
| BA | \`1 t T TRUE true True 0 f F FALSE false False\` | as unreadable | default, with a notice |
| BB | the same | default | default, with a notice |
| IA | whole decimal number | as unreadable | *entry* refuses; *ipamd* takes the default, with a notice |
| IB | whole decimal number | default | default, with a notice |
| IX | the same, or with a base: \`0x80\` | default | default, with a notice |
| SA | any text | a text like others | as it says |
| SB | any text | default | as it says |
| CIDRS | IPv4 CIDRs, separated by commas | none | the entry is left out, with a notice |`;

const OTHERS = `## What is not here

- Flags of the network policy agent (\`aws-eks-nodeagent\`) and variables of \`cni-metrics-helper\` (\`USE_CLOUDWATCH\`,
  \`USE_PROMETHEUS\`, \`AWS_CLUSTER_ID\`, \`METRIC_UPDATE_INTERVAL\`): they are programs of their own.
- What libraries read: credentials, region and proxies of the AWS SDK (\`AWS_REGION\`, \`AWS_ROLE_ARN\`,
  \`AWS_WEB_IDENTITY_TOKEN_FILE\`, …), \`KUBERNETES_SERVICE_HOST\`, \`KUBERNETES_SERVICE_PORT\` and \`KUBECONFIG\`.`;

const section = ({
  title,
  settings,
}: {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting>>;
}): string =>
  [`## ${title}`, ...Object.keys(settings).map((name) => entry(name as Variable))].join('\n\n');

function entry(variable: Variable): string {
  const row = settingOf(variable);
  const facts = [
    ['Type', typeOf(row)],
    ['Default', `${code(defaultInWords(row), row)}${unitOf(row)}`],
    ['Manifest', manifestOf(row)],
    ['Read by', row.readBy.join(', ') || 'nobody'],
    ['Status', statusOf(row)],
    ['Unusable', row.invalid ?? ''],
    ['Overridden by', overridesOf(variable).map(overrideOf).join(', ')],
  ].filter(([, fact]) => fact !== '');
  const lines = facts.map(([name, fact]) => `- ${name}: ${fact}`);
  return `### \`${variable}\`\n\n${row.effect}\n\n${lines.join('\n')}`;
}

const TYPE_NAMES: Readonly<Record<ParserClass, string>> = {
  BA: 'boolean',
  BB: 'boolean',
  IA: '',
  IB: '',
  IX: '',
  SA: 'text',
  SB: 'text',
  CIDRS: 'list of IPv4 CIDRs',
};

function typeOf(row: Setting): string {
  const name = TYPE_NAMES[row.parser] || expectedOf(row).replace(/^a /, '');
  const choices = row.choices?.map((choice) => `\`${choice}\``).join(', ');
  const named = choices === undefined ? name : `${choices}${row.anyCase ? ' in any case' : ''}`;
  return `${named} [${row.parser}]`;
}

const code = (text: string, { byDefault, defaultMeans }: Setting): string => {
  if (defaultMeans !== undefined) return defaultMeans;
  return byDefault === '' || `${byDefault}` === '' ? 'empty' : `\`${text}\``;
};

const unitOf = ({ unit, byDefault }: Setting): string =>
  unit === undefined || byDefault === undefined ? '' : ` ${unit}`;

function manifestOf({ manifest = {} }: Setting): string {
  const values = Object.entries(manifest).map(([container, value]) =>
    container === 'aws-node' ? manifestText(value) : `${manifestText(value)} in \`${container}\``,
  );
  return values.join(', ') || 'absent';
}

function manifestText(value: ManifestValue): string {
  if (typeof value === 'string') return `\`"${value}"\``;
  return 'release' in value ? 'the release' : `\`${value.fieldPath}\``;
}

const STATUS_WORDS: Readonly<Record<SettingStatus, string>> = {
  seed: '',
  newer: '',
  ours: 'an addition of this project',
  inert: 'accepted, with a notice',
  ambient: 'of the AWS SDK',
};

function statusOf({ status, since }: Setting): string {
  const when = status === 'inert' ? `read by nobody since ${since}` : `since ${since}`;
  const words = [STATUS_WORDS[status], since === undefined ? '' : `${when} of the AWS VPC CNI`];
  return words.filter((word) => word !== '').join('; ') || 'in every release of the AWS VPC CNI';
}

/** What happens with a text that cannot be used; empty where every text can. The page says it once for each class. */
function invalidOf(row: Setting): string {
  if (row.invalid !== undefined) return row.invalid;
  if (row.status === 'inert') return '';
  switch (row.parser) {
    case 'IA':
      return 'the installer refuses; ipamd takes the default, with a notice';
    case 'CIDRS':
      return 'the entry is left out, with a notice';
    case 'SA':
    case 'SB':
      return row.choices === undefined ? '' : 'default, with a notice';
    default:
      return 'default, with a notice';
  }
}

const overrideOf = ({ by, inWords, forces }: Precedence): string =>
  `\`${by}\` ${inWords}${forces === undefined ? '' : ` (then \`${forces}\`)`}`;

const rulesSection = (): string => {
  const row = ({ number, of, inWords }: (typeof rules)[number]) =>
    `| ${number} | ${of.join(', ')} | ${inWords} |`;
  return `## What keeps a program from starting

In the order and with the numbers of the AWS VPC CNI's own checks; everything that is wrong is named at once. Checks that need more
than settings (API server, iptables, instance metadata, instance type) are [phases of start-up](architecture.md#start-up), which wait and name
what they wait for.

| check | in | rule |
|---|---|---|
${rules.map(row).join('\n')}`;
};
