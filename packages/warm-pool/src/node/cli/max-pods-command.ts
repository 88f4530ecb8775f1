import { type MaxPodsOptions, podCapacity } from '../../max-pods.ts';
import { readCount } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { type Command, printJson } from './command.ts';
import { knownLimits, optional } from './scenario.ts';
import { figure, table } from './table.ts';

const whole = (field: string, value: string) => readCount(field, value, 1);

export const maxPodsCommand: Command = {
  name: 'max-pods',
  usage: 'TYPE …',
  summary: 'How many pods nodes of these instance types can give addresses to.',
  example: 'warm-pool max-pods m5.large c5.4xlarge --prefix --vcpus 2',
  options: {
    prefix: { help: 'with ENABLE_PREFIX_DELEGATION' },
    'custom-networking': { help: 'pods have subnets of their own' },
    'security-groups-for-pods': { help: 'with ENABLE_POD_ENI' },
    'reserved-enis': { value: 'N', help: 'ENIs that others use' },
    'max-enis': { value: 'N', help: 'MAX_ENI' },
    vcpus: { value: 'N', help: 'virtual CPUs: caps at the recommendation, 110 or 250' },
  },
  async run(args, terminal) {
    if (args.positionals.length === 0) {
      throw new CliError('TYPE', '', 'name at least one instance type, such as m5.large');
    }
    const reservedEnis = optional(args, 'reserved-enis', readCount);
    const maxEnis = optional(args, 'max-enis', whole);
    const vcpuCount = optional(args, 'vcpus', whole);
    const options: MaxPodsOptions = {
      assignmentMode: args.has('prefix') ? 'prefix' : 'address',
      customNetworking: args.has('custom-networking'),
      securityGroupsForPods: args.has('security-groups-for-pods'),
      ...(reservedEnis === undefined ? {} : { reservedEnis }),
      ...(maxEnis === undefined ? {} : { maxEnis }),
      ...(vcpuCount === undefined ? {} : { vcpuCount }),
    };
    const rows = args.positionals.map((type) => {
      const limits = knownLimits('TYPE', type);
      return { instanceType: type, limits, capacity: podCapacity(limits, options) };
    });
    if (args.has('json')) {
      printJson(terminal, rows);
      return;
    }
    terminal.out(
      table(
        ['instance type', 'max-pods', 'ENIs', 'addresses per ENI', 'ENIs for pods', 'addresses'],
        rows.map(({ instanceType, limits, capacity }) => [
          instanceType,
          ...[
            capacity.maxPods,
            limits.maxEnis,
            limits.addressesPerEni,
            capacity.usableEniCount,
            capacity.addressCount,
          ].map(figure),
        ]),
      ),
    );
  },
};
