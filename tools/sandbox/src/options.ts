import { parseArgs } from 'node:util';

export interface SandboxOptions {
  readonly nodeCount: number;
  readonly podsPerNode: number;
  readonly instanceType: string;
  /** Stay up after the checks. */
  readonly keep: boolean;
  readonly json: boolean;
}

export const HELP = `Puts pods on an emulated VPC on this machine and checks that they reach each other.

  --nodes N            number of nodes, 2 to 8 (default 2)
  --pods N             pods per node, at least 2 (default 4)
  --instance-type T    EC2 instance type of the nodes (default t3.small)
  --keep               stay up, and say how to enter the namespaces
  --json               print one JSON document instead of text
`;

/**
 * @returns `undefined` when help was asked for.
 * @throws {TypeError} naming the option, its value and what is expected.
 */
export function parseOptions(argv: readonly string[]): SandboxOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      nodes: { type: 'string', default: '2' },
      pods: { type: 'string', default: '4' },
      'instance-type': { type: 'string', default: 't3.small' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    nodeCount: count('--nodes', values.nodes, { min: 2, max: 8 }),
    podsPerNode: count('--pods', values.pods, { min: 2, max: 250 }),
    instanceType: values['instance-type'],
    keep: values.keep,
    json: values.json,
  };
}

function count(
  option: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new TypeError(
    `${option} is ${JSON.stringify(text)}; give a whole number from ${min} to ${max}`,
  );
}
