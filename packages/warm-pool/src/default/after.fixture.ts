import type { Action, CreateEni } from '../action.ts';
import type { PoolEni, PoolPrefix, PoolState, SubnetHint } from '../pool-state.ts';
import { addressesBroughtBy } from './in-flight.ts';

/** The state once EC2 has done all that a plan asks for. New ENIs are old enough to be deleted. */
export function after(state: PoolState, actions: readonly Action[], nowMs: number): PoolState {
  let { enis, subnets } = state;
  for (const action of actions) {
    if (action.kind === 'wait') {
      continue;
    }
    const eni = 'eniId' in action ? enis.find(({ eniId }) => eniId === action.eniId) : undefined;
    const subnetId = 'eniId' in action ? eni?.subnetId : action.subnetId;
    const isNew = !('eniId' in action);
    const taken = addressesBroughtBy(action, 16) + (isNew ? 1 : 0) - returnedBy(action, eni);
    subnets = subnets?.map((hint) => (hint.subnetId === subnetId ? less(hint, taken) : hint));
    const changed = afterOne(
      action,
      eni ?? newEni(unusedId(enis), action as Partial<CreateEni>, nowMs),
    );
    enis = isNew ? [...enis, ...changed] : enis.flatMap((one) => (one === eni ? changed : [one]));
  }
  return { ...state, enis, ...(subnets === undefined ? {} : { subnets }) };
}

const less = (hint: SubnetHint, count: number): SubnetHint =>
  hint.freeCount === undefined ? hint : { ...hint, freeCount: hint.freeCount - count };

function returnedBy(action: Action, eni: PoolEni | undefined): number {
  switch (action.kind) {
    case 'unassign-addresses':
      return action.addresses.length;
    case 'unassign-prefixes':
      return action.prefixes.length * 16;
    case 'delete-eni':
      return 1 + (eni?.totalCount ?? 0) + (eni?.prefixes?.length ?? 0) * 16;
    default:
      return 0;
  }
}

function afterOne(
  action: Exclude<Action, { readonly kind: 'wait' }>,
  eni: PoolEni,
): readonly PoolEni[] {
  const { prefixes = [] } = eni;
  switch (action.kind) {
    case 'create-eni':
      return [withAddresses(eni, action.addressCount)];
    case 'assign-addresses':
      return [withAddresses(eni, action.count)];
    case 'create-eni-with-prefixes':
    case 'assign-prefixes':
      return [{ ...eni, prefixes: [...prefixes, ...newPrefixes(eni, action.prefixCount)] }];
    case 'unassign-addresses':
      return [
        {
          ...eni,
          totalCount: eni.totalCount - action.addresses.length,
          freeAddresses: eni.freeAddresses.filter((one) => !action.addresses.includes(one)),
        },
      ];
    case 'unassign-prefixes':
      return [
        { ...eni, prefixes: prefixes.filter((one) => !action.prefixes.includes(one.prefix)) },
      ];
    case 'delete-eni':
      return [];
  }
}

const withAddresses = (eni: PoolEni, count: number): PoolEni => ({
  ...eni,
  totalCount: eni.totalCount + count,
  freeAddresses: [
    ...eni.freeAddresses,
    ...Array.from({ length: count }, (_, at) => `${eni.eniId}/${eni.totalCount + at}`),
  ],
});

const newPrefixes = ({ eniId, prefixes = [] }: PoolEni, count: number): readonly PoolPrefix[] =>
  Array.from({ length: count }, (_, at) => ({
    prefix: `${eniId}/p${prefixes.length + at}`,
    reservedCount: 0,
    coolingCount: 0,
  }));

const unusedId = (enis: readonly PoolEni[], number = 1): string =>
  enis.some(({ eniId }) => eniId === `new-${number}`)
    ? unusedId(enis, number + 1)
    : `new-${number}`;

const newEni = (eniId: string, action: Partial<CreateEni>, nowMs: number): PoolEni => ({
  eniId,
  isPrimary: false,
  networkCardIndex: action.networkCardIndex ?? 0,
  ...(action.subnetId === undefined ? {} : { subnetId: action.subnetId }),
  totalCount: 0,
  reservedCount: 0,
  coolingCount: 0,
  drainingCount: 0,
  attachedAtMs: nowMs - 60_000,
  freeAddresses: [],
});
