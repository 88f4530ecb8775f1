import { aroundEachCall } from './around-each-call.ts';
import type {
  EniAttachmentId,
  EniId,
  InstanceId,
  Ipv4Address,
  Ipv4Prefix,
  Ipv6Prefix,
  SubnetId,
} from './ec2-ids.ts';
import { EniAllocatorError, type EniAllocatorErrorCode } from './eni-allocator-error.ts';
import type {
  DeviceSlot,
  Ec2NetworkPort,
  Ec2Operation,
  EniFilter,
  EniTruth,
  SubnetTruth,
} from './ports.ts';

/** For tests: EC2 with one state and a script of what goes wrong next. */
export interface FakeEc2 extends Ec2NetworkPort {
  /** Every call that reached EC2, in order. */
  readonly calls: readonly FakeCall[];
  /** What EC2 holds now. */
  enis(): readonly EniTruth[];
  addEni(eni: Partial<EniTruth>): EniTruth;
  /** The next calls of this operation fail and change nothing. */
  failNext(operation: Ec2Operation, code: EniAllocatorErrorCode, times?: number): void;
  /** The next call of this operation is carried out, but its answer never arrives. */
  loseNextAnswer(operation: Ec2Operation): void;
  /** Runs just before the next call of this operation. */
  beforeNext(operation: Ec2Operation, action: () => void): void;
}

export interface FakeCall {
  readonly operation: Ec2Operation;
  readonly request: unknown;
}

export interface FakeEc2Options {
  /** On each network card. */
  readonly maxEnis?: number;
  /** How often an ENI is still described as detaching after it was detached. */
  readonly looksUntilDetached?: number;
  /** What there is in the node's VPC and zone. */
  readonly subnets?: readonly SubnetTruth[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function createFakeEc2(options: FakeEc2Options = {}): FakeEc2 {
  const script = createScript();
  const state = createState(options);
  const port = aroundEachCall(
    recording(state.port, script.calls),
    async (operation, call, opts) => {
      opts.signal?.throwIfAborted();
      script.take(operation, 'before')?.();
      script.take(operation, 'fail')?.();
      const answer = await call(opts);
      script.take(operation, 'lose')?.();
      return answer;
    },
  );
  return {
    ...port,
    calls: script.calls,
    enis: () => state.enis(),
    addEni: state.addEni,
    failNext: (operation, code, times = 1) => {
      for (let time = 0; time < times; time += 1) {
        script.add(operation, 'fail', () => {
          throw scripted(operation, code);
        });
      }
    },
    loseNextAnswer: (operation) =>
      script.add(operation, 'lose', () => {
        throw scripted(operation, 'unreachable');
      }),
    beforeNext: (operation, action) => script.add(operation, 'before', action),
  };
}

const scripted = (operation: Ec2Operation, code: EniAllocatorErrorCode) =>
  new EniAllocatorError(code, `${operation}: scripted`, { facts: { awsCode: `Fake.${code}` } });

function createScript() {
  type Moment = 'before' | 'fail' | 'lose';
  const steps: { operation: Ec2Operation; moment: Moment; run: () => void }[] = [];
  return {
    calls: [] as FakeCall[],
    add: (operation: Ec2Operation, moment: Moment, run: () => void) => {
      steps.push({ operation, moment, run });
    },
    take: (operation: Ec2Operation, moment: Moment) => {
      const at = steps.findIndex((step) => step.operation === operation && step.moment === moment);
      return at === -1 ? undefined : steps.splice(at, 1)[0]?.run;
    },
  };
}

/** Notes calls where they arrive: failed ones never do, lost ones do. */
function recording(port: Ec2NetworkPort, calls: FakeCall[]): Ec2NetworkPort {
  const names = Object.keys(port) as Ec2Operation[]; // the port has its operations and nothing else
  const entries = names.map((operation) => [
    operation,
    (request: never, options: never) => {
      calls.push({ operation, request });
      return port[operation](request, options);
    },
  ]);
  return Object.fromEntries(entries) as Ec2NetworkPort; // same keys, same methods
}

function createState({ maxEnis = 4, looksUntilDetached = 2, subnets = [] }: FakeEc2Options) {
  const enis = new Map<EniId, Mutable<EniTruth>>();
  const looksLeft = new Map<EniId, number>();
  const createdFor = new Map<string, EniId>();
  let serial = 0;
  const next = () => {
    serial += 1;
    return serial;
  };
  const nextAddress = (): Ipv4Address => `10.0.0.${next() + 3}`;
  const nextPrefix = (): Ipv4Prefix => `10.1.${next()}.16/28`;
  const nextIpv6Prefix = (): Ipv6Prefix => `2001:db8:0:1:${next()}::/80`;

  const addEni = (eni: Partial<EniTruth>): EniTruth => {
    const added: EniTruth = {
      eniId: `eni-${next()}`,
      mac: `02:00:00:00:00:${String(next()).padStart(2, '0')}`,
      subnetId: 'subnet-1' as SubnetId,
      primaryAddress: nextAddress(),
      secondaryAddresses: [],
      prefixes: [],
      ipv6Addresses: [],
      ipv6Prefixes: [],
      status: 'available',
      description: '',
      tags: {},
      securityGroupIds: [],
      interfaceType: 'interface',
      ...eni,
    };
    enis.set(added.eniId, added);
    return added;
  };
  const get = (eniId: EniId) => {
    const eni = enis.get(eniId);
    if (eni === undefined) {
      throw scripted('describeEnis', 'eni-not-found');
    }
    return eni;
  };
  const attachedTo = (instanceId: InstanceId) =>
    [...enis.values()].filter((eni) => eni.instanceId === instanceId);
  const byAttachment = (attachmentId: EniAttachmentId) =>
    [...enis.values()].find((eni) => eni.attachmentId === attachmentId);
  const look = (eni: Mutable<EniTruth>): EniTruth => {
    const left = looksLeft.get(eni.eniId);
    if (eni.status === 'detaching' && left !== undefined) {
      looksLeft.set(eni.eniId, left - 1);
      if (left <= 0) {
        detachNow(eni);
      }
    }
    return { ...eni };
  };
  const detachNow = (eni: Mutable<EniTruth>) => {
    delete eni.attachmentId;
    delete eni.instanceId;
    delete eni.deviceNumber;
    delete eni.networkCardIndex;
    delete eni.isDeletedOnTermination;
    eni.status = 'available';
  };
  const matches = (eni: EniTruth, filter: EniFilter) => {
    if ('eniIds' in filter) return filter.eniIds.includes(eni.eniId);
    if ('instanceId' in filter) return eni.instanceId === filter.instanceId;
    return (
      eni.status === filter.status &&
      (filter.tagKeys ?? []).every((key) => eni.tags[key] !== undefined) &&
      Object.entries(filter.tags).every(([key, value]) => eni.tags[key] === value)
    );
  };

  const port: Ec2NetworkPort = {
    async createEni(request) {
      const known = createdFor.get(request.clientToken);
      if (known !== undefined) {
        return get(known);
      }
      const { subnetId, description, tags, securityGroupIds } = request;
      const secondaryAddresses = Array.from({ length: request.secondaryAddressCount }, nextAddress);
      const prefixes = Array.from({ length: request.prefixCount }, nextPrefix);
      const held = { secondaryAddresses, prefixes, securityGroupIds };
      const eni = addEni({ subnetId, description, tags, ...held });
      createdFor.set(request.clientToken, eni.eniId);
      return { ...eni };
    },
    async attachEni({ eniId, instanceId, deviceNumber, networkCardIndex }) {
      const eni = get(eniId);
      const isSame = (slot: Partial<DeviceSlot>) =>
        slot.deviceNumber === deviceNumber && slot.networkCardIndex === networkCardIndex;
      if (eni.attachmentId !== undefined) {
        return { kind: 'eni-in-use' };
      }
      if (attachedTo(instanceId).some(isSame)) {
        return { kind: 'device-number-taken' };
      }
      const onCard = attachedTo(instanceId).filter(
        (held) => held.networkCardIndex === networkCardIndex,
      );
      if (onCard.length >= maxEnis) {
        throw scripted('attachEni', 'eni-limit-reached');
      }
      const attachmentId: EniAttachmentId = `eni-attach-${next()}`;
      const place = { instanceId, deviceNumber, networkCardIndex };
      const state = { status: 'in-use', isDeletedOnTermination: false };
      Object.assign(eni, { attachmentId, ...place, ...state });
      return { kind: 'attached', attachmentId };
    },
    async setDeleteOnTermination({ eniId }) {
      get(eniId).isDeletedOnTermination = true;
    },
    async setSecurityGroups({ eniId, securityGroupIds }) {
      get(eniId).securityGroupIds = securityGroupIds;
    },
    async assignAddresses({ eniId, count }) {
      const eni = get(eniId);
      const assigned = Array.from({ length: count }, nextAddress);
      eni.secondaryAddresses = [...eni.secondaryAddresses, ...assigned];
      return assigned;
    },
    async unassignAddresses({ eniId, addresses }) {
      const eni = get(eniId);
      if (!addresses.every((address) => eni.secondaryAddresses.includes(address))) {
        throw scripted('unassignAddresses', 'invalid-request');
      }
      eni.secondaryAddresses = eni.secondaryAddresses.filter((held) => !addresses.includes(held));
    },
    async assignPrefixes({ eniId, count }) {
      const eni = get(eniId);
      const assigned = Array.from({ length: count }, nextPrefix);
      eni.prefixes = [...eni.prefixes, ...assigned];
      return assigned;
    },
    async unassignPrefixes({ eniId, prefixes }) {
      const eni = get(eniId);
      if (!prefixes.every((prefix) => eni.prefixes.includes(prefix))) {
        throw scripted('unassignPrefixes', 'invalid-request');
      }
      eni.prefixes = eni.prefixes.filter((held) => !prefixes.includes(held));
    },
    async assignIpv6Prefixes({ eniId, count }) {
      const eni = get(eniId);
      const assigned = Array.from({ length: count }, nextIpv6Prefix);
      eni.ipv6Prefixes = [...eni.ipv6Prefixes, ...assigned];
      return assigned;
    },
    async unassignIpv6Prefixes({ eniId, prefixes }) {
      const eni = get(eniId);
      if (!prefixes.every((prefix) => eni.ipv6Prefixes.includes(prefix))) {
        throw scripted('unassignIpv6Prefixes', 'invalid-request');
      }
      eni.ipv6Prefixes = eni.ipv6Prefixes.filter((held) => !prefixes.includes(held));
    },
    async detachEni({ attachmentId }) {
      const eni = byAttachment(attachmentId);
      if (eni === undefined) {
        return 'not-attached';
      }
      eni.status = 'detaching';
      looksLeft.set(eni.eniId, looksUntilDetached);
      return 'detaching';
    },
    async deleteEni(eniId) {
      const eni = enis.get(eniId);
      if (eni?.attachmentId !== undefined) {
        return 'in-use';
      }
      return enis.delete(eniId) ? 'deleted' : 'not-found';
    },
    async describeEnis(filter) {
      return [...enis.values()].filter((eni) => matches(eni, filter)).map(look);
    },
    async describeUsedDeviceIndexes(instanceId) {
      return attachedTo(instanceId).map(({ deviceNumber = 0, networkCardIndex = 0 }) => ({
        deviceNumber,
        networkCardIndex,
      }));
    },
    async describeSubnets(filter) {
      return 'subnetIds' in filter
        ? subnets.filter(({ subnetId }) => filter.subnetIds.includes(subnetId))
        : subnets;
    },
    async describeInstanceLimits() {
      return { maxEnis, addressesPerEni: 10 };
    },
    async createTags({ eniId, tags }) {
      const eni = get(eniId);
      eni.tags = { ...eni.tags, ...tags };
    },
  };
  return { port, addEni, enis: () => [...enis.values()].map((eni) => ({ ...eni })) };
}
