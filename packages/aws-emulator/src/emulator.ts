import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { HttpHandler } from '@smithy/core/protocols';
import { CallGate } from './call-gate.ts';
import { type Clock, systemClock } from './clock.ts';
import { Cloud } from './cloud/cloud.ts';
import type { InstanceId, SubnetId, VpcId } from './cloud/ids.ts';
import type { InstanceType } from './cloud/instance-types.ts';
import { CloudHistory } from './cloud-history.ts';
import { ClientTokens } from './ec2/client-tokens.ts';
import { Ec2Service } from './ec2/ec2-service.ts';
import { EniLifeCycle } from './eni-life-cycle.ts';
import type { FabricPort } from './fabric-port.ts';
import { FabricWiring } from './fabric-wiring.ts';
import { ImdsService } from './imds/imds-service.ts';
import { ImdsTokens } from './imds/tokens.ts';
import { type InProcessCall, sdkRequestHandler } from './in-process.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { KnobBoard } from './knob-board.ts';
import type { Knobs, Unavailability } from './knobs.ts';
import { createOutside, type Outside } from './outside.ts';
import type { Service } from './service.ts';
import { ServiceEndpoints } from './service-endpoints.ts';
import {
  type CloudSnapshot,
  instanceOf,
  type RunningInstance,
  runningInstanceOf,
  type SecurityGroup,
  type Subnet,
  snapshotOf,
  subnetOf,
  type Vpc,
  vpcOf,
} from './snapshot.ts';

/** How an emulator is made. Every option has a default. */
export interface EmulatorOptions {
  /** AWS region; `us-west-2` by default. */
  readonly region?: string;
  /** AWS account, twelve digits; `123456789012` by default. */
  readonly accountId?: string;
  /** First value of {@link Knobs.attachDelayMs}; 0 by default. */
  readonly attachDelayMs?: number;
  /** Time for latencies, delays, buckets and tokens; the machine's by default. */
  readonly clock?: Clock;
  /** Real packets behind the API; none by default. */
  readonly fabric?: FabricPort;
  /** How many calls the journal keeps at least; 100,000 by default. */
  readonly journalLimit?: number;
}

/** Where a service shall listen; port 0 takes any free one. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

/** An AWS account with one region of EC2 networking, in memory. */
export interface Emulator {
  readonly region: string;
  /** Makes a VPC with its default security group. CIDRs have no host bits. */
  addVpc(request: {
    readonly cidr: string;
    readonly secondaryCidrs?: readonly string[];
    readonly ipv6Cidr?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }): Vpc;
  /** Associates another CIDR with a VPC. */
  addVpcCidr(request: { readonly vpcId: VpcId; readonly cidr: string }): Vpc;
  /** Makes a subnet, /16 to /28, within its VPC. Public unless told otherwise. */
  addSubnet(request: {
    readonly vpcId: VpcId;
    readonly cidr: string;
    readonly ipv6Cidr?: string;
    readonly availabilityZone: string;
    readonly isPublic?: boolean;
    readonly tags?: Readonly<Record<string, string>>;
  }): Subnet;
  /** Makes a security group. Rules are not part of the model. */
  addSecurityGroup(request: {
    readonly vpcId: VpcId;
    readonly name: string;
    readonly tags?: Readonly<Record<string, string>>;
  }): SecurityGroup;
  /** Adds an instance type or replaces one, for instance to contradict a caller's own table. */
  setInstanceType(type: InstanceType): void;
  /**
   * Starts an instance; its primary ENI is `in-use` when this resolves. With a fabric, the
   * instance's node must be known to it beforehand: choose `instanceId` yourself.
   */
  runInstance(request: {
    readonly subnetId: SubnetId;
    readonly instanceType: string;
    readonly instanceId?: InstanceId;
    readonly securityGroupIds?: readonly string[];
    readonly publicAddress?: boolean;
    /** The primary ENI gets an IPv6 address, as subnets of IPv6 clusters give one to each. Default: none. */
    readonly ipv6Address?: boolean;
    /** Hop limit of metadata replies; 2 by default, as managed node groups have it. */
    readonly metadataHopLimit?: number;
    /** `on-demand` by default. */
    readonly lifeCycle?: 'on-demand' | 'spot';
    readonly tags?: Readonly<Record<string, string>>;
  }): Promise<RunningInstance>;
  /** Ends an instance: ENIs with delete-on-termination go, the others become `available`. */
  terminateInstance(instanceId: InstanceId): Promise<void>;
  /** Serves the EC2 Query API. */
  listenEc2(options: ListenOptions): Promise<{ readonly url: string }>;
  /**
   * Serves IMDSv2: for one instance, or for whichever the caller's source address belongs to.
   * May be called once per view.
   */
  listenImds(
    options: ListenOptions & { readonly instanceId?: InstanceId },
  ): Promise<{ readonly url: string }>;
  /** Both services without sockets, for tests that move the clock by hand. */
  readonly inProcess: {
    /** The EC2 Query API: the `requestHandler` of an SDK client. */
    readonly ec2: HttpHandler;
    /** The metadata service of one instance. */
    imds(instanceId: InstanceId): InProcessCall;
  };
  readonly knobs: Knobs;
  /** What others do to the account, behind the back of whoever is being tested. */
  readonly outside: Outside;
  /** Every answered call, oldest first. */
  readonly journal: readonly JournalEntry[];
  /** The state at this moment, as plain values. */
  describe(): CloudSnapshot;
  /** Resolves when the fabric has done everything it was told so far. */
  settled(): Promise<void>;
  /** Stops listening, cuts connections, cancels pending attachments. */
  close(): Promise<void>;
}

/**
 * Makes an emulator: an EC2 Query API and an IMDSv2 that share one state.
 *
 * Same calls, same ids, same addresses: nothing in the state is random.
 */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  const clock = options.clock ?? systemClock;
  const { region = 'us-west-2', accountId = '123456789012' } = options;
  const cloud = new Cloud({ region, accountId });
  const journal = new Journal(options.journalLimit ?? 100_000);
  const wiring = new FabricWiring(options.fabric, (operation, eniId, error) => {
    const call = { atMs: clock.nowMs(), parameters: { eniId }, elapsedMs: 0 };
    journal.add({ ...call, service: 'fabric', operation, outcome: String(error) });
  });
  const endpoints = { ec2: new ServiceEndpoints(), imds: new ServiceEndpoints() };
  const history = new CloudHistory(cloud, () => clock.nowMs());
  const knobs = new KnobBoard({
    attachDelayMs: options.attachDelayMs ?? 0,
    nowMs: () => clock.nowMs(),
    onLag: (lagsMs) => history.keepFor(lagsMs),
    setUnavailable: (service, mode) => endpoints[service].setMode(modeOf(mode)),
  });
  const lifeCycle = new EniLifeCycle({
    cloud,
    wiring,
    clock,
    knobs,
    onChange: () => history.record(),
  });
  const closing = new AbortController();
  // Every call that waits for its latency listens to it; hundreds at once are no leak.
  setMaxListeners(0, closing.signal);
  const gate = new CallGate(knobs, clock, closing.signal);
  const shared = { gate, history, journal, clock };
  const context = { cloud, wiring, lifeCycle, clock, clientTokens: new ClientTokens() };
  const outside = createOutside(context, () => history.record());
  const ec2 = new Ec2Service({ context, ...shared });
  const tokens = new ImdsTokens(randomBytes(32).toString('hex'));
  const imds = new ImdsService({ cloud, tokens, ...shared });

  return {
    region,
    knobs,
    outside,
    journal: journal.entries,
    addVpc: (request) => {
      const vpc = cloud.network.addVpc(request);
      history.record();
      return vpcOf(vpc);
    },
    addVpcCidr: ({ vpcId, cidr }) => {
      cloud.network.addVpcCidr(vpcId, cidr);
      history.record();
      return vpcOf(cloud.network.vpc(vpcId));
    },
    addSubnet: (request) => {
      const subnet = cloud.network.addSubnet(request);
      wiring.addSubnet(subnet);
      history.record();
      return subnetOf(subnet);
    },
    addSecurityGroup: (request) => {
      const { securityGroupId, vpcId, name } = cloud.network.addSecurityGroup(request);
      history.record();
      return { securityGroupId, vpcId, name };
    },
    setInstanceType: (type) => cloud.types.set(type),
    runInstance: async (request) => {
      const { instance, primaryEni } = await lifeCycle.run(request);
      history.record();
      return runningInstanceOf(cloud, instance, primaryEni);
    },
    terminateInstance: async (instanceId) => {
      await lifeCycle.terminate(instanceId);
      history.record();
    },
    listenEc2: (at) => endpoints.ec2.open(at, (request) => ec2.handle(request)),
    listenImds: ({ instanceId, ...at }) => {
      if (instanceId !== undefined) {
        instanceOf(cloud, cloud.instance(instanceId));
      }
      return endpoints.imds.open(at, (request) => imds.handle(request, instanceId));
    },
    inProcess: {
      ec2: sdkRequestHandler(inProcess(endpoints.ec2, (request) => ec2.handle(request))),
      imds: (instanceId) =>
        inProcess(endpoints.imds, (request) => imds.handle(request, instanceId)),
    },
    describe: () => snapshotOf(cloud),
    settled: () => wiring.settled(),
    close: async () => {
      closing.abort();
      await Promise.all([endpoints.ec2.close(), endpoints.imds.close(), lifeCycle.close()]);
    },
  };
}

const inProcess =
  (endpoints: ServiceEndpoints, service: Service): InProcessCall =>
  (request, { signal } = {}) =>
    endpoints.call(service, { body: '', ...request, source: '' }, signal);

const modeOf = (mode: boolean | Unavailability): Unavailability | undefined =>
  mode === true ? 'refused' : mode === false ? undefined : mode;
