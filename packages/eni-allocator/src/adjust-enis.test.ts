import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { AllocatorEvent } from './allocator-events.ts';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import type { EniTruth } from './ports.ts';

const ours = {
  'cluster.k8s.amazonaws.com/name': 'blue',
  'eks:eni:owner': 'amazon-vpc-cni',
  'node.k8s.amazonaws.com/instance_id': 'i-1',
  team: 'net',
};

function setUp() {
  const ec2 = createFakeEc2();
  const events: AllocatorEvent[] = [];
  const allocator = createEniAllocator({
    ec2,
    clock: createFakeClock(),
    instanceId: 'i-1',
    clusterName: 'blue',
    additionalTags: { team: 'net' },
    onEvent: (event) => events.push(event),
  });
  const eni = (eniId: `eni-${string}`) => ec2.enis().find((one) => one.eniId === eniId);
  return { ec2, events, allocator, eni };
}

describe('syncTags', () => {
  const cases = [
    { name: 'adds all of them', tags: {}, sent: ours },
    {
      name: 'adds what is missing and corrects what is wrong',
      tags: { ...ours, team: 'old', 'node.k8s.amazonaws.com/instance_id': 'i-0' },
      sent: { team: 'net', 'node.k8s.amazonaws.com/instance_id': 'i-1' },
    },
    { name: 'asks nothing when all are there', tags: { ...ours, more: '1' }, sent: undefined },
    {
      name: 'leaves trunk ENIs to their controller',
      tags: {},
      interfaceType: 'trunk',
      sent: undefined,
    },
  ];

  test.each(cases)('$name', async ({ tags, interfaceType = 'interface', sent }) => {
    const { allocator, ec2 } = setUp();
    const eni = ec2.addEni({ eniId: 'eni-1', tags, interfaceType });
    const changed = await allocator.syncTags([eni]);
    expect(changed).toEqual(sent === undefined ? [] : ['eni-1']);
    expect(ec2.calls.map(({ request }) => request)).toEqual(
      sent === undefined ? [] : [{ eniId: 'eni-1', tags: sent }],
    );
  });
});

describe('syncSecurityGroups', () => {
  test('changes ENIs that have others, and only those', async () => {
    const { allocator, ec2, eni } = setUp();
    const enis = [
      ec2.addEni({ eniId: 'eni-same', securityGroupIds: ['sg-b', 'sg-a'] }),
      ec2.addEni({ eniId: 'eni-other', securityGroupIds: ['sg-a'] }),
      ec2.addEni({ eniId: 'eni-trunk', interfaceType: 'trunk', securityGroupIds: ['sg-a'] }),
    ];
    expect(await allocator.syncSecurityGroups(enis, ['sg-a', 'sg-b', 'sg-a'])).toEqual([
      'eni-other',
      'eni-trunk',
    ]);
    expect(eni('eni-other')?.securityGroupIds).toEqual(['sg-a', 'sg-b']);
    expect(ec2.calls).toHaveLength(2);
  });

  test('refuses to take all groups away', async () => {
    const { allocator, ec2 } = setUp();
    const eni = ec2.addEni({ securityGroupIds: ['sg-a'] });
    await expect(allocator.syncSecurityGroups([eni], [])).rejects.toThrow(TypeError);
    expect(ec2.calls).toEqual([]);
  });

  test('goes on after a failure, gathers what failed, and forgives what is gone', async () => {
    const { allocator, ec2, eni } = setUp();
    const enis = [1, 2, 3].map((n) => ec2.addEni({ eniId: `eni-${n}` }));
    ec2.failNext('setSecurityGroups', 'unreachable');
    ec2.failNext('setSecurityGroups', 'eni-not-found');
    await expect(allocator.syncSecurityGroups(enis, ['sg-a'])).rejects.toMatchObject({
      message: 'adjusting ENIs (security-groups): 1 failed, 1 changed',
      errors: [expect.objectContaining({ code: 'unreachable' })],
    });
    expect(eni('eni-3')?.securityGroupIds).toEqual(['sg-a']);
    expect(await allocator.syncSecurityGroups(ec2.enis(), ['sg-a'])).toEqual(['eni-1', 'eni-2']);
  });

  test('stops when aborted', async () => {
    const { allocator, ec2 } = setUp();
    const abort = new AbortController();
    ec2.beforeNext('setSecurityGroups', () => abort.abort(new Error('shutting down')));
    ec2.failNext('setSecurityGroups', 'unreachable');
    const { signal } = abort;
    const syncing = allocator.syncSecurityGroups([ec2.addEni({})], ['sg-a'], { signal });
    await expect(syncing).rejects.toThrow('shutting down');
  });
});

describe('syncDeleteOnTermination', () => {
  const lacking: Partial<EniTruth> = {
    eniId: 'eni-1',
    status: 'in-use',
    description: 'aws-K8S-i-1',
    tags: ours,
    attachmentId: 'eni-attach-1',
    instanceId: 'i-1',
    deviceNumber: 1,
    networkCardIndex: 0,
    isDeletedOnTermination: false,
  };
  const cases = [
    { name: 'sets it on an ENI of ours that lacks it', eni: {}, isChanged: true },
    {
      name: 'sets it on device 0 of another network card',
      eni: { deviceNumber: 0, networkCardIndex: 1 },
      isChanged: true,
    },
    { name: 'leaves an ENI that has it', eni: { isDeletedOnTermination: true } },
    { name: 'leaves the primary ENI', eni: { deviceNumber: 0 } },
    { name: 'leaves an ENI of another description', eni: { description: 'my appliance' } },
    { name: 'leaves an ENI without our tag', eni: { tags: {} } },
    {
      name: 'leaves an ENI that was created for another instance',
      eni: { tags: { ...ours, 'node.k8s.amazonaws.com/instance_id': 'i-2' } },
    },
    { name: 'leaves an ENI that another instance has by now', eni: { instanceId: 'i-2' as const } },
  ];

  test.each(cases)('$name', async ({ eni, isChanged = false }) => {
    const { allocator, ec2 } = setUp();
    const described = ec2.addEni({ ...lacking, ...eni });
    const changed = await allocator.syncDeleteOnTermination([described]);
    expect(changed).toEqual(isChanged ? ['eni-1'] : []);
    expect(ec2.calls.map(({ request }) => request)).toEqual(
      isChanged ? [{ eniId: 'eni-1', attachmentId: 'eni-attach-1' }] : [],
    );
  });

  test('leaves an ENI that is attached nowhere', async () => {
    const { allocator, ec2 } = setUp();
    const eni = ec2.addEni({ description: 'aws-K8S-i-1', tags: ours });
    expect(await allocator.syncDeleteOnTermination([eni])).toEqual([]);
    expect(ec2.calls).toEqual([]);
  });

  test('without permission is told, with what that means', async () => {
    const { allocator, ec2, events } = setUp();
    ec2.failNext('setDeleteOnTermination', 'not-permitted');
    expect(await allocator.syncDeleteOnTermination([ec2.addEni(lacking)])).toEqual([]);
    expect(events).toMatchObject([
      {
        kind: 'degraded',
        feature: 'delete-on-termination',
        action: 'ModifyNetworkInterfaceAttribute',
        consequence: expect.stringContaining('outlive'),
      },
    ]);
  });
});

describe('without permission', () => {
  test('ENIs stay as they are, one call shows it, and one event tells it', async () => {
    const { allocator, ec2, events } = setUp();
    const enis = [1, 2, 3].map((n) => ec2.addEni({ eniId: `eni-${n}` }));
    for (let pass = 0; pass < 2; pass += 1) {
      ec2.failNext('setSecurityGroups', 'not-permitted');
      expect(await allocator.syncSecurityGroups(enis, ['sg-a'])).toEqual([]);
      ec2.failNext('createTags', 'not-permitted');
      expect(await allocator.syncTags(enis)).toEqual([]);
    }
    expect(ec2.calls).toEqual([]); // none got there
    expect(events).toMatchObject([
      {
        kind: 'degraded',
        feature: 'security-groups',
        action: 'ModifyNetworkInterfaceAttribute',
        error: { code: 'not-permitted' },
      },
      { kind: 'degraded', feature: 'eni-tags', action: 'CreateTags' },
    ]);
    expect(await allocator.syncTags(enis)).toHaveLength(3);
    expect(events.slice(2)).toEqual([{ kind: 'restored', feature: 'eni-tags' }]);
  });

  test('to tag a leaked ENI of unknown age it is spared, and told', async () => {
    const { allocator, ec2, events } = setUp();
    ec2.addEni({ description: 'aws-K8S-i-1', tags: ours });
    ec2.failNext('createTags', 'not-permitted');
    expect(await allocator.deleteLeakedEnis({ olderThanMs: 0 })).toEqual([]);
    expect(events).toMatchObject([{ kind: 'degraded', feature: 'eni-tags' }]);
  });

  test('to look at the instance, free device numbers are found by trying', async () => {
    const { allocator, ec2, events } = setUp();
    const attachmentId = 'eni-attach-x';
    ec2.addEni({ instanceId: 'i-1', attachmentId, deviceNumber: 1, networkCardIndex: 0 });
    ec2.failNext('describeUsedDeviceIndexes', 'not-permitted');
    const request = { subnetId: 'subnet-1', securityGroupIds: [], addressCount: 1 } as const;
    expect(await allocator.allocateEni(request)).toMatchObject({ deviceNumber: 2 });
    expect(events).toMatchObject([{ kind: 'degraded', feature: 'device-numbers' }]);
  });
});
