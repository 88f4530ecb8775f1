import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import type { EniTruth } from './ports.ts';

const NOW = '2026-03-01T12:00:00Z';
const olderThanMs = 300_000;

const leaked: Partial<EniTruth> = {
  eniId: 'eni-1',
  status: 'available',
  description: 'aws-K8S-i-1',
  tags: {
    'node.k8s.amazonaws.com/instance_id': 'i-1',
    'node.k8s.amazonaws.com/createdAt': '2026-03-01T11:54:59Z',
  },
};
const withTag = (key: string, value: string | undefined): Partial<EniTruth> => {
  const tags = { ...leaked.tags };
  delete tags[key];
  return { ...leaked, tags: value === undefined ? tags : { ...tags, [key]: value } };
};

function setUp(clusterName?: string) {
  const clock = createFakeClock(Date.parse(NOW));
  const ec2 = createFakeEc2();
  const allocator = createEniAllocator({ ec2, clock, instanceId: 'i-1', clusterName });
  const eniIds = () => ec2.enis().map(({ eniId }) => eniId);
  return { clock, ec2, allocator, eniIds };
}

const CLUSTER = 'cluster.k8s.amazonaws.com/name';

describe('deleteLeakedEnis', () => {
  const createdAt = 'node.k8s.amazonaws.com/createdAt';
  const cases = [
    { name: 'deletes what is ours, old and attached nowhere', eni: leaked, isDeleted: true },
    {
      name: 'understands other time zones',
      eni: withTag(createdAt, '2026-03-01T13:54:59+02:00'),
      isDeleted: true,
    },
    { name: 'spares a young one', eni: withTag(createdAt, '2026-03-01T11:55:00Z') },
    { name: 'spares one in use', eni: { ...leaked, status: 'in-use' as const } },
    { name: 'spares one of another description', eni: { ...leaked, description: 'my database' } },
    {
      name: 'spares one of another instance',
      eni: withTag('node.k8s.amazonaws.com/instance_id', 'i-2'),
    },
  ];

  test.each(cases)('$name', async ({ eni, isDeleted = false }) => {
    const { allocator, ec2 } = setUp();
    ec2.addEni(eni);
    expect(await allocator.deleteLeakedEnis({ olderThanMs })).toEqual(isDeleted ? ['eni-1'] : []);
    expect(ec2.enis()).toHaveLength(isDeleted ? 0 : 1);
  });

  test.each([undefined, 'yesterday', '2026-03-01'])(
    'starts to count the age of an ENI whose createdAt is %p',
    async (value) => {
      const { allocator, ec2 } = setUp();
      ec2.addEni(withTag(createdAt, value));
      expect(await allocator.deleteLeakedEnis({ olderThanMs })).toEqual([]);
      expect(ec2.enis()[0]?.tags[createdAt]).toBe(NOW);
    },
  );

  test('keeps to its own cluster when it has a name', async () => {
    const { allocator, ec2 } = setUp('blue');
    ec2.addEni({ ...withTag(CLUSTER, 'blue'), eniId: 'eni-blue' });
    ec2.addEni({ ...withTag(CLUSTER, 'green'), eniId: 'eni-green' });
    ec2.addEni({ ...leaked, eniId: 'eni-none' });
    expect(await allocator.deleteLeakedEnis({ olderThanMs })).toEqual(['eni-blue']);
  });

  test('goes on after a failure and gathers what failed', async () => {
    const { allocator, ec2 } = setUp();
    ec2.addEni(leaked);
    ec2.addEni({ ...leaked, eniId: 'eni-2' });
    ec2.failNext('deleteEni', 'not-permitted');
    await expect(allocator.deleteLeakedEnis({ olderThanMs })).rejects.toMatchObject({
      message: 'deleting leaked ENIs of i-1: 1 failed, 1 deleted',
      errors: [expect.objectContaining({ code: 'not-permitted' })],
    });
    expect(ec2.enis().map(({ eniId }) => eniId)).toEqual(['eni-1']);
  });

  test('stops when aborted', async () => {
    const { allocator, ec2 } = setUp();
    ec2.addEni(leaked);
    const controller = new AbortController();
    ec2.beforeNext('deleteEni', () => controller.abort(new Error('shutting down')));
    ec2.failNext('deleteEni', 'unreachable');
    const { signal } = controller;
    await expect(allocator.deleteLeakedEnis({ olderThanMs, signal })).rejects.toThrow(
      'shutting down',
    );
  });
});

describe('a dry run of deleteLeakedEnis', () => {
  test('says what would go, and changes nothing', async () => {
    const { allocator, ec2 } = setUp();
    ec2.addEni(leaked);
    ec2.addEni({ ...withTag('node.k8s.amazonaws.com/createdAt', undefined), eniId: 'eni-ageless' });
    const before = ec2.enis();
    expect(await allocator.deleteLeakedEnis({ olderThanMs, dryRun: true })).toEqual(['eni-1']);
    expect(ec2.enis()).toEqual(before);
    expect(await allocator.deleteLeakedEnis({ olderThanMs })).toEqual(['eni-1']);
  });

  test('has what a failed allocation left behind, unless that is attached', async () => {
    const { allocator, ec2, eniIds } = setUp();
    ec2.failNext('attachEni', 'subnet-exhausted');
    ec2.failNext('deleteEni', 'throttled');
    const request = { subnetId: 'subnet-1', securityGroupIds: [], addressCount: 1 } as const;
    await allocator.allocateEni(request).catch(() => {});
    const left = eniIds();
    expect(left).toHaveLength(1);
    expect(await allocator.deleteLeakedEnis({ olderThanMs, dryRun: true })).toEqual(left);
    expect(eniIds()).toEqual(left);
    for (const eniId of left) {
      const slot = { instanceId: 'i-1', deviceNumber: 1, networkCardIndex: 0 } as const;
      await ec2.attachEni({ eniId, ...slot });
    }
    expect(await allocator.deleteLeakedEnis({ olderThanMs, dryRun: true })).toEqual([]);
  });

  test('of the cluster counts as a sighting', async () => {
    const { allocator, ec2, clock } = setUp('blue');
    ec2.addEni(withTag(CLUSTER, 'blue'));
    const sweep = (dryRun: boolean) =>
      allocator.deleteLeakedEnis({ olderThanMs, scope: 'cluster', dryRun });
    expect(await sweep(true)).toEqual([]);
    await clock.advance(olderThanMs);
    expect(await sweep(true)).toEqual(['eni-1']);
    expect(await sweep(false)).toEqual(['eni-1']);
  });
});
