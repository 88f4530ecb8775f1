import { afterEach, describe, expect, test } from '@jest/globals';
import { refusalError } from '@vpc-cni/plugin';
import type { PoolRefusalReason } from '@vpc-cni/pool-controller';
import { IN_CLUSTER, registerNode } from './cluster.fixture.ts';
import { enisOf } from './ec2-view.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

// Pain 01: whatever keeps a pod from getting an address, operators read the same sentence.
// Why a daemon is not ready, and what each code of EC2 is told as, are in the two files next to this one.

let world: World;
afterEach(() => world.close());

interface Scene {
  readonly world: World;
  readonly node: Node;
  /** Starts the daemon and lets it come to rest. */
  readonly join: (options?: Parameters<Node['start']>[1]) => Promise<void>;
  /** Adds `pod-0`, `pod-1`, … */
  readonly fill: (podCount: number) => Promise<void>;
}

interface Case extends WorldOptions {
  /** Makes the next ADD fail. */
  readonly provoke: (scene: Scene) => Promise<void>;
  /** The pod whose ADD fails. Default: a new one. */
  readonly podName?: string;
  readonly says: string;
  readonly retryAfterMs?: unknown;
}

/** Two ENIs of one pod address each. */
const SMALL = { instanceType: 't3.micro' };
const ONE_SPARE = { environment: { WARM_IP_TARGET: '1' } };
const PREFIXES = { environment: { ENABLE_PREFIX_DELEGATION: 'true' } };
const CHECKPOINT = '/var/run/aws-node/ipam.json';
const NO_SPACE = 'ENOSPC: no space left on device';
const ASSIGN = 'assigning 2 addresses to eni-00000000000000001 (ec2:AssignPrivateIpAddresses)';

const figures = (total: number, inUse: number, cooling = 0) =>
  `of ${total} addresses on this node ${inUse} are in use, ${cooling} cooling down, 0 on their way back to EC2`;

/** Somebody takes the second ENI away, and the daemon notices. */
async function detachSecondary({ cloud, clock }: World, node: Node): Promise<void> {
  const secondary = enisOf(cloud, node.instance.instanceId).find(({ isPrimary }) => !isPrimary);
  if (secondary === undefined) throw new Error('the node has no second ENI');
  await cloud.outside.detachEni(secondary.eniId);
  await clock.advance(65_000);
}

/** Uses up the one spare address, once EC2 has become such that it gives no more. */
const onceEc2 =
  (change: (cloud: World['cloud']) => unknown) =>
  async ({ world, join, fill }: Scene) => {
    await join();
    await change(world.cloud);
    await fill(1);
  };

/** One for each reason there is; the type sees to it that none is forgotten. */
const cases: Readonly<Record<PoolRefusalReason, Case>> = {
  cooling: {
    ...SMALL,
    environment: { IP_COOLDOWN_PERIOD: '60' },
    provoke: async ({ world, node, join, fill }) => {
      await join();
      await fill(2);
      await world.settle(node.del('pod-0'));
    },
    says: figures(2, 1, 1),
    retryAfterMs: 59_950,
  },
  'subnet-full': {
    subnetCidr: '10.0.0.0/28', // 11 addresses: the primary one, 9 for pods, and one is left
    provoke: async ({ join, fill }) => {
      await join();
      await fill(9);
    },
    says: `${figures(9, 9)}; [subnet-exhausted] creating an ENI with 9 secondary addresses in subnet-00000000000000001 (ec2:CreateNetworkInterface): InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses to satisfy the request; free addresses in the subnet or use another one; subnet-00000000000000001 is asked again in 120 s`,
    retryAfterMs: 120_000,
  },
  'no-free-prefix': {
    ...SMALL,
    ...PREFIXES,
    provoke: async ({ world, join, fill }) => {
      world.cloud.outside.fragment(world.subnet.subnetId);
      await join();
      await fill(2);
    },
    says: `${figures(2, 2)}; 2 addresses cannot be had: the ENIs are full, and 2 of at most 2 are in use. Single addresses take the room of prefixes: [no-free-prefix] creating an ENI with 1 prefixes in subnet-00000000000000001 (ec2:CreateNetworkInterface): InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks to satisfy the request; ask for single addresses, reserve a block for prefixes in the subnet, or use another subnet; subnet-00000000000000001 is asked again in 120 s`,
  },
  'eni-limit': {
    ...SMALL,
    provoke: async ({ join, fill }) => {
      await join();
      await fill(2);
    },
    says: `${figures(2, 2)}; 2 addresses cannot be had: the ENIs are full, and 2 of at most 2 are in use.`,
  },
  'at-max-pods': {
    // 3 ENIs of 9 pod addresses, max-pods 29; nine pods keep addresses of an ENI that was taken away.
    instanceType: 'm5.large',
    provoke: async ({ world, node, join, fill }) => {
      await join();
      await fill(27);
      await detachSecondary(world, node);
      await world.settle(Promise.all([node.add('a'), node.add('b')]));
    },
    says: `${figures(20, 20)}; 10 addresses cannot be had: the node runs at most 20 pods, and holds no more than 20 addresses.`,
  },
  throttled: {
    environment: { WARM_IP_TARGET: '1', AWS_VPC_K8S_CNI_ADD_WAIT: '0' },
    provoke: async ({ world, node, join, fill }) => {
      await join();
      world.cloud.knobs.setBucket('AssignPrivateIpAddresses', { burst: 0, perSecond: 0 });
      await fill(1);
      while (!node.daemon.log.some(({ text }) => text === 'pool: failed')) {
        await world.clock.advance(10);
      }
    },
    says: `${figures(1, 1)}; [throttled] ${ASSIGN.replace('2', '1')}: RequestLimitExceeded: Request limit exceeded; the account calls EC2 too often; it is tried again, more slowly`,
    retryAfterMs: expect.closeTo(950, -2), // of a second
  },
  permission: {
    ...ONE_SPARE,
    provoke: onceEc2(({ knobs }) => knobs.deny('AssignPrivateIpAddresses')),
    says: `${figures(1, 1)}; [not-permitted] ${ASSIGN}: UnauthorizedOperation: You are not authorized to perform this operation; see that the IAM role of the node allows ec2:AssignPrivateIpAddresses`,
    retryAfterMs: 16_000,
  },
  'ec2-unavailable': {
    ...ONE_SPARE,
    provoke: onceEc2(({ knobs }) => knobs.setUnavailable('ec2', 'refused')),
    says: `${figures(1, 1)}; [unreachable] ${ASSIGN}: the emulated service is away: ECONNREFUSED; it may have been carried out: describe the ENI before the next try`,
    retryAfterMs: 16_000,
  },
  terminating: {
    ...SMALL,
    environment: { WARM_ENI_TARGET: '0' },
    provoke: async ({ world, node, join, fill }) => {
      await join();
      world.cloud.outside.beginTermination(node.instance.instanceId);
      await fill(1);
    },
    says: `${figures(1, 1)}; [instance-not-found] attaching eni-00000000000000006 to i-00000000000000001 as device 1 (ec2:AttachNetworkInterface): IncorrectInstanceState: Instance 'i-00000000000000001' is not 'running' or 'stopped'; the instance is gone or about to go; nothing is to be done`,
    retryAfterMs: 16_000,
  },
  'not-schedulable': {
    environment: IN_CLUSTER,
    provoke: ({ world: { cluster }, join }) => {
      registerNode(cluster, { isCordoned: true });
      return join();
    },
    says: `${figures(0, 0)}; 18 addresses not asked for, 0 not given back: the node is cordoned.`,
  },
  'provisioning-disabled': {
    environment: { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' },
    provoke: ({ join }) => join(),
    says: `${figures(0, 0)}; DISABLE_NETWORK_RESOURCE_PROVISIONING (or ENABLE_IMDS_ONLY_MODE) is set: ENIs and addresses come from elsewhere`,
  },
  'capacity-pending': {
    environment: { WARM_IP_TARGET: '1', AWS_VPC_K8S_CNI_ADD_WAIT: '1' },
    provoke: onceEc2(({ knobs }) => {
      knobs.latencyMs.AssignPrivateIpAddresses = 2_000;
    }),
    says: figures(1, 1),
  },
  'checkpoint-unwritable': {
    ...ONE_SPARE,
    provoke: async ({ world, node, join, fill }) => {
      await join();
      world.cloud.knobs.deny('AssignPrivateIpAddresses');
      await fill(1);
      await world.clock.advance(1_000);
      node.site.disk.failure = NO_SPACE;
      world.cloud.knobs.allow('AssignPrivateIpAddresses');
    },
    says: `${figures(1, 1)}; [checkpoint-unwritable] writing the checkpoint ${CHECKPOINT}: Error: ${NO_SPACE}`,
    retryAfterMs: 16_000,
  },
  kubernetes: {
    environment: { ...IN_CLUSTER, AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' },
    provoke: ({ world: { cluster }, join }) => {
      registerNode(cluster);
      return join();
    },
    says: `${figures(0, 0)}; no ENI can be created by ENIConfig "default": [not-found] get eniconfigs default: HTTP 404, eniconfigs.crd.k8s.amazonaws.com "default" not found`,
    retryAfterMs: expect.any(Number),
  },
  'eni-absent': {
    ...SMALL,
    provoke: async ({ world, node, join, fill }) => {
      await join();
      await fill(2);
      await detachSecondary(world, node);
    },
    podName: 'pod-1',
    says: 'this attachment holds 10.0.0.7, whose ENI is not among those this node manages (detached, tagged no_manage, or without a link); bring it back, or delete the pod',
  },
};

describe('an ADD that gets no address is told', () => {
  test.each(Object.entries(cases))('%s', async (reason, { provoke, says, ...rest }) => {
    const { podName = 'late', retryAfterMs, environment = {}, ...options } = rest;
    world = await createWorld(options);
    const node = await world.newNode(environment);
    const fill = async (podCount: number) => {
      const adding = Array.from({ length: podCount }, (_, n) => node.add(`pod-${n}`));
      const replies = await world.settle(Promise.all(adding));
      expect(replies.map(({ kind }) => kind)).toEqual(Array(podCount).fill('reserved'));
    };
    const join: Scene['join'] = async (startOptions) => {
      node.start(environment, startOptions);
      await world.clock.advance(20_000);
    };
    await provoke({ world, node, join, fill });
    const reply = await world.settle(node.add(podName));
    expect(reply).toEqual({
      kind: 'refused',
      reason,
      message: says,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
    if (reply.kind !== 'refused') throw new Error('it was served');
    const { msg, details = '' } = refusalError(reply);
    expect(msg).toBe(`no address for this pod yet (${reason})`);
    expect(details.startsWith(says)).toBe(true);
    expect(world.violations).toEqual([]);
    await node.stop();
  });
});
