import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import type { EniTruth } from './ports.ts';

const CLUSTER = 'cluster.k8s.amazonaws.com/name';
const olderThanMs = 300_000;
const scope = 'cluster' as const;

/** What another instance of the cluster left behind. */
const ofOther: Partial<EniTruth> = {
  eniId: 'eni-1',
  status: 'available',
  description: 'aws-K8S-i-2',
  tags: {
    'node.k8s.amazonaws.com/instance_id': 'i-2',
    'node.k8s.amazonaws.com/createdAt': '2026-03-01T11:54:59Z',
    [CLUSTER]: 'blue',
  },
};

function setUp(clusterName?: string) {
  const clock = createFakeClock(Date.parse('2026-03-01T12:00:00Z'));
  const ec2 = createFakeEc2();
  const allocator = createEniAllocator({ ec2, clock, instanceId: 'i-1', clusterName });
  const eniIds = () => ec2.enis().map(({ eniId }) => eniId);
  return { clock, ec2, allocator, eniIds };
}

describe('deleteLeakedEnis of the cluster', () => {
  const tagged = (tags: Readonly<Record<string, string>>) => ({
    ...ofOther,
    tags: { ...ofOther.tags, ...tags },
  });

  const without = (key: string) => {
    const tags = Object.entries(ofOther.tags ?? {}).filter(([name]) => name !== key);
    return { ...ofOther, tags: Object.fromEntries(tags) };
  };

  const others = [
    { name: "deletes another instance's", eni: ofOther, isDeleted: true },
    {
      name: "deletes its own instance's",
      eni: tagged({ 'node.k8s.amazonaws.com/instance_id': 'i-1' }),
      isDeleted: true,
    },
    { name: "spares another cluster's", eni: tagged({ [CLUSTER]: 'green' }) },
    { name: 'spares one of no cluster', eni: without(CLUSTER) },
    {
      name: 'spares one without an instance tag',
      eni: without('node.k8s.amazonaws.com/instance_id'),
    },
    { name: 'spares one of another description', eni: { ...ofOther, description: 'my database' } },
    { name: 'spares one in use', eni: { ...ofOther, status: 'in-use' as const } },
    {
      name: 'spares a young one',
      eni: tagged({ 'node.k8s.amazonaws.com/createdAt': '2026-03-01T12:00:01Z' }),
    },
  ];

  test.each(others)('$name', async ({ eni, isDeleted = false }) => {
    const { allocator, ec2, clock, eniIds } = setUp('blue');
    ec2.addEni(eni);
    await allocator.deleteLeakedEnis({ olderThanMs, scope });
    await clock.advance(olderThanMs);
    const deleted = await allocator.deleteLeakedEnis({ olderThanMs, scope });
    expect(deleted).toEqual(isDeleted ? ['eni-1'] : []);
    expect(eniIds()).toEqual(isDeleted ? [] : ['eni-1']);
  });

  // Each sweep has what it finds there, and when it runs: minutes and seconds after the first.
  const histories = [
    { name: 'not when it sees it for the first time', sweeps: ['00:00 available'] },
    {
      name: 'not before an earlier sighting is old enough',
      sweeps: ['00:00 available', '04:59 available'],
    },
    {
      name: 'when an earlier sighting is just old enough',
      sweeps: ['00:00 available', '05:00 available'],
      isDeleted: true,
    },
    {
      name: 'when the sweeps are frequent, counted from the first',
      sweeps: ['00:00 available', '02:00 available', '04:00 available', '05:00 available'],
      isDeleted: true,
    },
    {
      name: 'not when it was attached in between, from where it counts anew',
      sweeps: ['00:00 available', '02:00 in-use', '05:00 available', '09:59 available'],
    },
    {
      name: 'when the time since is old enough again',
      sweeps: ['00:00 available', '02:00 in-use', '05:00 available', '10:00 available'],
      isDeleted: true,
    },
  ];

  test.each(histories)('deletes $name', async ({ sweeps, isDeleted = false }) => {
    const { ec2, clock } = setUp('blue');
    ec2.addEni(ofOther);
    let isAvailable = true;
    const allocator = createEniAllocator({
      clock,
      instanceId: 'i-1',
      clusterName: 'blue',
      ec2: {
        ...ec2,
        describeEnis: async (filter) => {
          const enis = await ec2.describeEnis(filter);
          return isAvailable ? enis : [];
        },
      },
    });
    const startedAtMs = clock.nowMs();
    const deleted: (readonly string[])[] = [];
    for (const sweep of sweeps) {
      const [minutes, seconds] = sweep.split(/[: ]/).map(Number);
      isAvailable = sweep.endsWith('available');
      const atMs = startedAtMs + ((minutes ?? 0) * 60 + (seconds ?? 0)) * 1_000;
      await clock.advance(atMs - clock.nowMs());
      deleted.push(await allocator.deleteLeakedEnis({ olderThanMs, scope }));
    }
    expect(deleted).toEqual([...sweeps.slice(1).map(() => []), isDeleted ? ['eni-1'] : []]);
  });

  test('never deletes at the first sight, not even of any age', async () => {
    const { allocator, ec2, clock } = setUp('blue');
    ec2.addEni(ofOther);
    expect(await allocator.deleteLeakedEnis({ olderThanMs: 0, scope })).toEqual([]);
    await clock.advance(1);
    expect(await allocator.deleteLeakedEnis({ olderThanMs: 0, scope })).toEqual(['eni-1']);
  });

  test('starts to count the age of an ENI of unknown age', async () => {
    const { allocator, ec2, clock } = setUp('blue');
    ec2.addEni(without('node.k8s.amazonaws.com/createdAt'));
    const sweep = () => allocator.deleteLeakedEnis({ olderThanMs, scope });
    expect(await sweep()).toEqual([]);
    await clock.advance(olderThanMs);
    expect(await sweep()).toEqual([]);
    await clock.advance(1_000);
    expect(await sweep()).toEqual(['eni-1']);
  });

  test('spares what the caller needs', async () => {
    const { allocator, ec2, clock } = setUp('blue');
    ec2.addEni(ofOther);
    const sweep = () => allocator.deleteLeakedEnis({ olderThanMs, scope, isNeeded: () => true });
    await sweep();
    await clock.advance(olderThanMs);
    expect(await sweep()).toEqual([]);
  });

  test('sees nothing of what sweeps of the instance have seen', async () => {
    const { allocator, ec2, clock } = setUp('blue');
    ec2.addEni(ofOther);
    await allocator.deleteLeakedEnis({ olderThanMs });
    await clock.advance(olderThanMs);
    expect(await allocator.deleteLeakedEnis({ olderThanMs, scope })).toEqual([]);
  });

  test.each([undefined, ''])('is refused with the cluster name %j', async (clusterName) => {
    const { allocator, ec2 } = setUp(clusterName);
    await expect(allocator.deleteLeakedEnis({ olderThanMs, scope })).rejects.toThrow(
      new TypeError(
        "deleteLeakedEnis: expected an allocator with a clusterName for the scope 'cluster'",
      ),
    );
    expect(ec2.calls).toEqual([]);
  });

  test('names the cluster when something fails', async () => {
    const { allocator, ec2, clock } = setUp('blue');
    ec2.addEni(ofOther);
    await allocator.deleteLeakedEnis({ olderThanMs, scope });
    await clock.advance(olderThanMs);
    ec2.failNext('deleteEni', 'not-permitted');
    await expect(allocator.deleteLeakedEnis({ olderThanMs, scope })).rejects.toMatchObject({
      message: 'deleting leaked ENIs of cluster blue: 1 failed, 0 deleted',
    });
  });
});
