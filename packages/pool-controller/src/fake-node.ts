import {
  AddressBook,
  type EniId,
  type Ipv4Address,
  type Ipv4Prefix,
  type SubnetId,
} from '@vpc-cni/ipam';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import type { WarmTargets } from '@vpc-cni/warm-pool';
import { type AddressDesk, createAddressDesk } from './address-desk.ts';
import { createPoolController, type NodeOutlook, type PoolController } from './controller.ts';
import type { PoolEvent } from './events.ts';
import type {
  CheckpointPort,
  EniPort,
  HostPort,
  MetadataPort,
  ObservedEni,
  PodBlockCount,
} from './ports.ts';

/** An instance whose EC2, metadata and host exist in memory; for tests of this package. */
export interface FakeNode {
  readonly clock: FakeClock;
  readonly book: AddressBook;
  readonly controller: PoolController;
  readonly desk: AddressDesk;
  readonly events: readonly PoolEvent[];
  /** Calls that reached EC2, in order, such as `allocateEni 3`. */
  readonly calls: readonly string[];
  /** ENIs as EC2 has them; change it to play an operator or a stale metadata service. */
  readonly ec2: Map<EniId, ObservedEni>;
  /** What metadata shows; follows EC2 unless set. */
  metadata: readonly ObservedEni[] | undefined;
  /** ENIs tagged as not to be managed. */
  readonly unmanaged: Set<EniId>;
  /** ENIs that are trunks. */
  readonly trunks: Set<EniId>;
  /** ENIs that EC2 knows but that are attached to no instance. */
  readonly detached: Set<EniId>;
  /** What the host was asked, in order, such as `setUpEni eni-1`. */
  readonly hostCalls: readonly string[];
  /** Makes the next calls of an operation of EC2 or the host fail. */
  failNext(
    operation: keyof EniPort | 'setUpEni' | 'tearDownEni',
    error: Error,
    times?: number,
  ): void;
  /** From now on links of these ENIs never appear. */
  readonly linkless: Set<EniId>;
  failCheckpoint(error: Error | undefined): void;
  /** Makes writes of the checkpoint wait until told to go on. */
  holdCheckpoint(): { goOn(): void };
  /** Makes the host's tear-downs wait until told to go on. */
  holdTearDown(): { goOn(): void };
  /** Makes answers about ENIs wait until told to go on; they tell what was true when they were asked. */
  holdDescriptions(): { goOn(): void };
  savedCount(): number;
  /** Gives the subnet so many whole /28. */
  setWholeBlocks(count: number): void;
}

export interface FakeNodeOptions {
  readonly targets?: Partial<WarmTargets>;
  readonly maxEnis?: number;
  readonly addressesPerEni?: number;
  readonly maxPods?: number;
  readonly waitMs?: number;
  readonly addressCooldownMs?: number;
  /** How long EC2 takes for each change, ms. */
  readonly ec2LatencyMs?: number;
  /** How long the link of a new ENI takes to appear, ms. */
  readonly linkDelayMs?: number;
  /** Addresses on the primary ENI at the start. */
  readonly primaryAddressCount?: number;
  /** Prefixes on the primary ENI at the start. */
  readonly primaryPrefixCount?: number;
  /** `xen` has no prefixes. Default `nitro`. */
  readonly hypervisor?: 'nitro' | 'xen';
  /** Whole /28 that the subnet has left. Default: enough. */
  readonly wholeBlockCount?: number;
  readonly outlook?: () => NodeOutlook;
  readonly provisions?: boolean;
  readonly signal?: AbortSignal;
}

const SUBNET: SubnetId = 'subnet-1';
/** How long the host waits for a link. */
const LINK_LIMIT_MS = 15_000;

/** An error as the ENI adapter throws it. */
export const codedError = (code: string) =>
  Object.assign(new Error(`[${code}] scripted`), { code });

export function createFakeNode(options: FakeNodeOptions = {}): FakeNode {
  const {
    maxEnis = 3,
    addressesPerEni = 4,
    maxPods = 110,
    waitMs = 30_000,
    addressCooldownMs = 30_000,
    ec2LatencyMs = 1_000,
    linkDelayMs = 0,
    primaryAddressCount = 0,
    primaryPrefixCount = 0,
    hypervisor = 'nitro',
  } = options;
  const clock = createFakeClock();
  const book = new AddressBook({ addressCooldownMs });
  const ec2 = new Map<EniId, ObservedEni>();
  const unmanaged = new Set<EniId>();
  const trunks = new Set<EniId>();
  const detached = new Set<EniId>();
  const linkless = new Set<EniId>();
  const hostCalls: string[] = [];
  const calls: string[] = [];
  const events: PoolEvent[] = [];
  const failures = new Map<string, Error[]>();
  let checkpointError: Error | undefined;
  let checkpointHold: Promise<void> = Promise.resolve();
  let descriptionHold: Promise<void> = Promise.resolve();
  let tearDownHold: Promise<void> = Promise.resolve();
  let saved = 0;
  let addressCount = 0;
  let wholeBlockCount = options.wholeBlockCount ?? Number.POSITIVE_INFINITY;
  let prefixCount = 0;
  let intentCount = 0;

  const nextAddress = (): Ipv4Address => {
    addressCount += 1;
    return `10.0.${Math.floor(addressCount / 250)}.${(addressCount % 250) + 1}`;
  };
  const addressesOf = (count: number) => Array.from({ length: count }, nextAddress);
  const prefixesOf = (count: number) => {
    if (count > wholeBlockCount) throw codedError('no-free-prefix');
    wholeBlockCount -= count;
    return Array.from({ length: count }, (): Ipv4Prefix => {
      prefixCount += 1;
      return `10.1.${Math.floor(prefixCount / 16)}.${(prefixCount % 16) * 16}/28`;
    });
  };

  function newEni(deviceNumber: number, wanted: PodBlockCount): ObservedEni {
    const eni: ObservedEni = {
      eniId: `eni-${deviceNumber}`,
      mac: `02:00:00:00:00:0${deviceNumber}`,
      deviceNumber,
      networkCardIndex: 0,
      subnetId: SUBNET,
      subnetCidr: '10.0.0.0/16',
      primaryAddress: nextAddress(),
      secondaryAddresses: 'addressCount' in wanted ? addressesOf(wanted.addressCount) : [],
      prefixes: 'prefixCount' in wanted ? prefixesOf(wanted.prefixCount) : [],
      isPrimary: deviceNumber === 0,
    };
    ec2.set(eni.eniId, eni);
    return eni;
  }

  async function change(
    operation: keyof EniPort,
    detail: string | number,
    signal: AbortSignal,
  ): Promise<void> {
    calls.push(`${operation} ${detail}`);
    await clock.sleep(ec2LatencyMs, { signal });
    failIfTold(operation);
  }

  function failIfTold(operation: string): void {
    const failure = failures.get(operation)?.shift();
    if (failure !== undefined) throw failure;
  }

  const eniOf = (eniId: EniId): ObservedEni => {
    const eni = ec2.get(eniId);
    if (eni === undefined) throw codedError('eni-not-found');
    return eni;
  };

  const enis: EniPort = {
    allocateEni: async (wanted, { signal }) => {
      const detail =
        'addressCount' in wanted ? wanted.addressCount : `with ${wanted.prefixCount} prefixes`;
      await change('allocateEni', detail, signal);
      const used = [...ec2.values()].map(({ deviceNumber }) => deviceNumber);
      const free = Array.from({ length: maxEnis }, (_, n) => n).find((n) => !used.includes(n));
      if (free === undefined) throw codedError('eni-limit-reached');
      return newEni(free, wanted);
    },
    assignAddresses: async (eniId, count, { signal }) => {
      await change('assignAddresses', `${eniId} ${count}`, signal);
      const eni = eniOf(eniId);
      const added = addressesOf(count);
      ec2.set(eniId, { ...eni, secondaryAddresses: [...eni.secondaryAddresses, ...added] });
      return added;
    },
    unassignAddresses: async (eniId, addresses, { signal }) => {
      await change('unassignAddresses', `${eniId} ${addresses.length}`, signal);
      const eni = eniOf(eniId);
      const left = eni.secondaryAddresses.filter((address) => !addresses.includes(address));
      ec2.set(eniId, { ...eni, secondaryAddresses: left });
    },
    assignPrefixes: async (eniId, count, { signal }) => {
      await change('assignPrefixes', `${eniId} ${count}`, signal);
      const eni = eniOf(eniId);
      const added = prefixesOf(count);
      ec2.set(eniId, { ...eni, prefixes: [...eni.prefixes, ...added] });
      return added;
    },
    unassignPrefixes: async (eniId, prefixes, { signal }) => {
      await change('unassignPrefixes', `${eniId} ${prefixes.length}`, signal);
      const eni = eniOf(eniId);
      const left = eni.prefixes.filter((prefix) => !prefixes.includes(prefix));
      ec2.set(eniId, { ...eni, prefixes: left });
    },
    freeEni: async (eniId, { signal }) => {
      await change('freeEni', eniId, signal);
      ec2.delete(eniId);
    },
    describeEnis: async (eniIds) => {
      calls.push(`describeEnis ${eniIds.join(' ')}`);
      failIfTold('describeEnis');
      const described = eniIds
        .filter((eniId) => !detached.has(eniId))
        .flatMap((eniId) => ec2.get(eniId) ?? [])
        .map((eni) => ({
          ...eni,
          isManaged: !unmanaged.has(eni.eniId),
          ...(trunks.has(eni.eniId) ? { role: 'trunk' as const } : {}),
        }));
      await descriptionHold;
      return described;
    },
    deleteLeakedEnis: async () => {
      calls.push('deleteLeakedEnis');
      failIfTold('deleteLeakedEnis');
    },
  };
  const host: HostPort = {
    routeTableId: ({ deviceNumber }) => (deviceNumber === 0 ? 254 : deviceNumber + 1),
    setUpEni: async ({ eniId }, { signal, role }) => {
      hostCalls.push(role === 'ordinary' ? `setUpEni ${eniId}` : `setUpEni ${eniId} as ${role}`);
      failIfTold('setUpEni');
      const waitMs = linkless.has(eniId) ? LINK_LIMIT_MS : linkDelayMs;
      if (waitMs > 0) await clock.sleep(waitMs, { signal });
      if (linkless.has(eniId)) throw codedError('link-not-found');
    },
    tearDownEni: async (eniId) => {
      hostCalls.push(`tearDownEni ${eniId}`);
      failIfTold('tearDownEni');
      await tearDownHold;
    },
  };
  const checkpoint: CheckpointPort = {
    save: async () => {
      await checkpointHold;
      if (checkpointError !== undefined) throw checkpointError;
      saved += 1;
    },
  };

  const primary = newEni(0, { addressCount: primaryAddressCount });
  ec2.set(primary.eniId, { ...primary, prefixes: prefixesOf(primaryPrefixCount) });
  const node = { metadata: undefined as readonly ObservedEni[] | undefined };
  const attached = () => [...ec2.values()].filter(({ eniId }) => !detached.has(eniId));
  const metadata: MetadataPort = { readEnis: async () => node.metadata ?? attached() };
  const controller = createPoolController({
    book,
    metadata,
    enis,
    host,
    clock,
    targets: { warmEniTarget: 1, warmIpTarget: 0, minimumIpTarget: 0, ...options.targets },
    checkpoint,
    limits: () => ({ maxEnis, addressesPerEni, hypervisor }),
    maxPods,
    onEvent: (event) => events.push(event),
    newId: () => {
      intentCount += 1;
      return `intent-${intentCount}`;
    },
    ...(options.outlook === undefined ? {} : { outlook: options.outlook }),
    ...(options.provisions === undefined ? {} : { provisions: options.provisions }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return Object.assign(node, {
    clock,
    book,
    controller,
    desk: createAddressDesk({ book, checkpoint, controller, clock, waitMs }),
    events,
    calls,
    ec2,
    unmanaged,
    trunks,
    detached,
    linkless,
    hostCalls,
    failNext: (operation: string, error: Error, times = 1) => {
      failures.set(
        operation,
        Array.from({ length: times }, () => error),
      );
    },
    failCheckpoint: (error: Error | undefined) => {
      checkpointError = error;
    },
    holdCheckpoint: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      checkpointHold = promise;
      return { goOn: resolve };
    },
    holdTearDown: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      tearDownHold = promise;
      return { goOn: resolve };
    },
    holdDescriptions: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      descriptionHold = promise;
      return { goOn: resolve };
    },
    savedCount: () => saved,
    setWholeBlocks: (count: number) => {
      wholeBlockCount = count;
    },
  });
}

/** The primary ENI as EC2 has it. */
export function primaryOf({ ec2 }: FakeNode): ObservedEni {
  const primary = ec2.get('eni-0');
  if (primary === undefined) throw new Error('no primary ENI');
  return primary;
}
