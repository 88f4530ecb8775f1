import type { MaxPodsLimits } from '../../max-pods.ts';
import type { PoolEni } from '../../pool-state.ts';
import type { UpstreamState } from '../../upstream/plan-upstream.ts';
import { type Fields, fieldsOf, readJson } from './json-input.ts';
import { knownLimits } from './scenario.ts';
import { type PoolSetting, readStrategy, readTargets } from './targets-option.ts';
import type { Terminal } from './terminal.ts';

/** Everything one plan is made from. */
export interface PlanInput extends PoolSetting {
  readonly state: UpstreamState;
  readonly limits: MaxPodsLimits;
  readonly nowMs: number;
}

/**
 * `{ state, environment?, instanceType | limits, strategy?, nowMs? }`, the state as `PoolState` has it.
 *
 * What is needed to plan at all is checked; what may be left out is taken as it is.
 *
 * @throws {CliError} naming the field.
 */
export async function readPlanInput(path: string, terminal: Terminal): Promise<PlanInput> {
  const input = fieldsOf('input', await readJson('FILE', path, terminal));
  const environment = input.has('environment') ? input.object('environment').all : {};
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return {
    state: readState(input.object('state')),
    limits: input.has('instanceType')
      ? knownLimits('input.instanceType', input.text('instanceType'))
      : readLimits(input.object('limits')),
    nowMs: input.optionalNumber('nowMs') ?? 0,
    strategy: input.has('strategy')
      ? readStrategy('input.strategy', input.text('strategy'))
      : 'default',
    ...readTargets('input.environment', words),
  };
}

const readLimits = (limits: Fields): MaxPodsLimits => ({
  ...limits.all,
  maxEnis: limits.number('maxEnis'),
  addressesPerEni: limits.number('addressesPerEni'),
});

const readState = (state: Fields): UpstreamState => ({
  ...state.all,
  maxPods: state.number('maxPods'),
  waitingCount: state.optionalNumber('waitingCount') ?? 0,
  inFlight: state.has('inFlight') ? (state.list('inFlight') as UpstreamState['inFlight']) : [],
  enis: state
    .list('enis')
    .map((eni, index) => readEni(fieldsOf(`input.state.enis[${index}]`, eni))),
});

function readEni(eni: Fields): PoolEni {
  const totalCount = eni.number('totalCount');
  const reservedCount = eni.number('reservedCount');
  const coolingCount = eni.optionalNumber('coolingCount') ?? 0;
  const drainingCount = eni.optionalNumber('drainingCount') ?? 0;
  const freeCount = Math.max(0, totalCount - reservedCount - coolingCount - drainingCount);
  const eniId = eni.text('eniId');
  return {
    ...eni.all,
    eniId,
    isPrimary: eni.all['isPrimary'] === true,
    totalCount,
    reservedCount,
    coolingCount,
    drainingCount,
    attachedAtMs: eni.optionalNumber('attachedAtMs') ?? 0,
    freeAddresses: eni.has('freeAddresses')
      ? eni.list('freeAddresses').map(String)
      : Array.from({ length: freeCount }, (_, index) => `${eniId} address ${index + 1}`),
  };
}
