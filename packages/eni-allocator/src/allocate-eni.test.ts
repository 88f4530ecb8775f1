import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { SubnetId } from './ec2-ids.ts';
import { createEniAllocator, type EniAllocatorOptions } from './eni-allocator.ts';
import { createFakeEc2, type FakeEc2, type FakeEc2Options } from './fake-ec2.ts';
import type { Ec2Operation } from './ports.ts';
import { settle } from './settle.ts';
import { defaultRetryPolicy, withRetry } from './with-retry.ts';

const subnetId: SubnetId = 'subnet-1';
const request = { subnetId, securityGroupIds: [], addressCount: 2 } as const;

function setUp(options: FakeEc2Options & Pick<EniAllocatorOptions, 'limits'> = {}) {
  const clock = createFakeClock(Date.parse('2026-03-01T12:00:00Z'));
  const ec2 = createFakeEc2(options);
  const allocator = createEniAllocator({
    ec2: withRetry(ec2, { ...defaultRetryPolicy, attempts: 3, random: () => 0 }, clock),
    clock,
    instanceId: 'i-1',
    clusterName: 'blue',
    newClientToken: () => `token-${ec2.calls.length}`,
    limits: options.limits,
  });
  const primary = ec2.addEni({
    eniId: 'eni-primary',
    status: 'in-use',
    attachmentId: 'eni-attach-primary',
    instanceId: 'i-1',
    deviceNumber: 0,
    networkCardIndex: 0,
  });
  const secondaryEnis = () => ec2.enis().filter(({ eniId }) => eniId !== primary.eniId);
  return { clock, ec2, allocator, secondaryEnis };
}

describe('allocateEni', () => {
  test('creates one ENI with exact counts, tags and sorted groups', async () => {
    const { allocator, ec2 } = setUp();
    await allocator.allocateEni({
      subnetId,
      securityGroupIds: ['sg-b', 'sg-a'],
      addressCount: 9,
    });
    expect(ec2.calls).toEqual(
      [
        { operation: 'describeUsedDeviceIndexes', request: 'i-1' },
        {
          operation: 'createEni',
          request: {
            subnetId: 'subnet-1',
            securityGroupIds: ['sg-a', 'sg-b'],
            secondaryAddressCount: 9,
            prefixCount: 0,
            description: 'aws-K8S-i-1',
            tags: {
              'cluster.k8s.amazonaws.com/name': 'blue',
              'eks:eni:owner': 'amazon-vpc-cni',
              'node.k8s.amazonaws.com/createdAt': '2026-03-01T12:00:00Z',
              'node.k8s.amazonaws.com/instance_id': 'i-1',
            },
            clientToken: 'token-1', // the first call was the look at the device numbers
          },
        },
        {
          operation: 'attachEni',
          request: { eniId: 'eni-3', instanceId: 'i-1', deviceNumber: 1, networkCardIndex: 0 },
        },
        {
          operation: 'setDeleteOnTermination',
          request: { eniId: 'eni-3', attachmentId: expect.stringMatching(/^eni-attach-/) },
        },
      ].map((call) => expectEni(call)),
    );
  });

  test('creates an ENI with prefixes instead of addresses', async () => {
    const { allocator, secondaryEnis } = setUp();
    const eni = await allocator.allocateEni({ subnetId, securityGroupIds: [], prefixCount: 3 });
    expect(secondaryEnis()[0]).toMatchObject({ secondaryAddresses: [], prefixes: eni.prefixes });
    expect(eni.prefixes).toHaveLength(3);
  });

  test('returns what EC2 answered, without describing anything', async () => {
    const { allocator, secondaryEnis } = setUp();
    const eni = await allocator.allocateEni(request);
    const [truth] = secondaryEnis();
    expect(eni).toEqual({ ...truth, status: 'attaching' });
    expect(eni.secondaryAddresses).toHaveLength(2);
  });

  const slots = [
    { name: 'takes 1 beside the primary ENI', used: [], takes: 1 },
    { name: 'fills a gap', used: [[0, 3]], takes: 1 },
    {
      name: 'goes on behind the last',
      used: [
        [0, 1],
        [0, 2],
      ],
      takes: 3,
    },
    {
      name: 'does not mind other network cards',
      used: [
        [1, 1],
        [2, 1],
      ],
      takes: 1,
    },
  ] as const; // reference: "device numbers {0,3} used ⇒ 1", per card

  test.each(slots)('the device number: $name', async ({ used, takes }) => {
    const { allocator, ec2 } = setUp({ maxEnis: 9 });
    for (const [networkCardIndex, deviceNumber] of used) {
      const eniId = `eni-used-${networkCardIndex}-${deviceNumber}` as const;
      const attachmentId = `eni-attach-${eniId}` as const;
      ec2.addEni({ eniId, attachmentId, instanceId: 'i-1', networkCardIndex, deviceNumber });
    }
    expect((await allocator.allocateEni(request)).deviceNumber).toBe(takes);
  });

  test('takes the next device number when somebody else takes the first', async () => {
    const { allocator, ec2 } = setUp();
    ec2.beforeNext('attachEni', () => {
      ec2.addEni({
        eniId: 'eni-rival',
        attachmentId: 'eni-attach-rival',
        instanceId: 'i-1',
        deviceNumber: 1,
        networkCardIndex: 0,
      });
    });
    expect((await allocator.allocateEni(request)).deviceNumber).toBe(2);
  });

  test('attaches to the network card it is told', async () => {
    const { allocator } = setUp();
    const eni = await allocator.allocateEni({ ...request, networkCardIndex: 1 });
    expect(eni).toMatchObject({ networkCardIndex: 1, deviceNumber: 0 });
  });

  test('does not ask for device numbers that the caller knows', async () => {
    const { allocator, ec2 } = setUp();
    const usedSlots = [{ networkCardIndex: 0, deviceNumber: 0 }];
    const numbers = [
      (await allocator.allocateEni({ ...request, usedSlots })).deviceNumber,
      (await allocator.allocateEni({ ...request, usedSlots })).deviceNumber,
    ];
    expect(numbers).toEqual([1, 2]);
    expect(ec2.calls.map(({ operation }) => operation)).toEqual([
      ...['createEni', 'attachEni', 'setDeleteOnTermination'],
      ...['createEni', 'attachEni', 'setDeleteOnTermination'],
    ]);
  });

  test('passes over a slot that is taken, whatever the caller knows', async () => {
    const { allocator } = setUp();
    expect((await allocator.allocateEni({ ...request, usedSlots: [] })).deviceNumber).toBe(1);
  });

  test('asks EC2 when the caller knows of no free slot', async () => {
    const limits = { maxEnis: 2, addressesPerEni: 10 };
    const { allocator } = setUp({ limits });
    const usedSlots = [0, 1].map((deviceNumber) => ({ networkCardIndex: 0, deviceNumber }));
    expect((await allocator.allocateEni({ ...request, usedSlots })).deviceNumber).toBe(1);
  });

  test('takes the slot of an ENI that it freed', async () => {
    const { allocator, clock } = setUp();
    const usedSlots = [{ networkCardIndex: 0, deviceNumber: 0 }];
    const first = await allocator.allocateEni({ ...request, usedSlots });
    await settle(allocator.freeEni(first.eniId), clock);
    expect((await allocator.allocateEni({ ...request, usedSlots })).deviceNumber).toBe(1);
  });

  test('gives several at once a slot each without trying one twice', async () => {
    const { allocator, ec2 } = setUp();
    const usedSlots = [{ networkCardIndex: 0, deviceNumber: 0 }];
    const all = [1, 2, 3].map(() => allocator.allocateEni({ ...request, usedSlots }));
    const enis = await Promise.all(all);
    expect(enis.map(({ deviceNumber }) => deviceNumber).sort()).toEqual([1, 2, 3]);
    expect(ec2.calls.filter(({ operation }) => operation === 'attachEni')).toHaveLength(3);
  });

  test('recognises its own attachment when the answer to it was lost', async () => {
    const { allocator, ec2, clock, secondaryEnis } = setUp();
    ec2.loseNextAnswer('attachEni');
    const eni = await settle(allocator.allocateEni(request), clock);
    expect(secondaryEnis()).toEqual([expect.objectContaining({ deviceNumber: 1 })]);
    expect(eni.attachmentId).toBe(secondaryEnis()[0]?.attachmentId);
  });

  test('creates no second ENI when the answer to the first create was lost', async () => {
    const { allocator, ec2, clock, secondaryEnis } = setUp();
    ec2.loseNextAnswer('createEni');
    const eni = await settle(allocator.allocateEni(request), clock);
    expect(secondaryEnis().map(({ eniId }) => eniId)).toEqual([eni.eniId]);
  });

  test('waits for a new ENI to become visible to the attach', async () => {
    const { allocator, ec2, clock } = setUp();
    ec2.failNext('attachEni', 'eni-not-found', 3);
    const startedAtMs = clock.nowMs();
    await settle(allocator.allocateEni(request), clock);
    expect(clock.nowMs() - startedAtMs).toBe(3_500);
  });

  test('reports a full instance and leaves nothing behind', async () => {
    const { allocator, clock, secondaryEnis } = setUp({ maxEnis: 1 });
    const allocating = settle(allocator.allocateEni(request), clock);
    await expect(allocating).rejects.toMatchObject({ code: 'eni-limit-reached' });
    expect(secondaryEnis()).toEqual([]);
  });

  test('refuses counts that make no sense before EC2 is asked', async () => {
    const { allocator, ec2 } = setUp();
    for (const addressCount of [-1, 1.5, Number.NaN]) {
      await expect(allocator.allocateEni({ ...request, addressCount })).rejects.toThrow(TypeError);
      const prefixes = { subnetId, securityGroupIds: [], prefixCount: addressCount };
      await expect(allocator.allocateEni(prefixes)).rejects.toThrow(TypeError);
    }
    const both = { ...request, prefixCount: 1 } as unknown as typeof request; // as JavaScript might
    await expect(allocator.allocateEni(both)).rejects.toThrow('received both');
    expect(ec2.calls).toEqual([]);
  });
});

describe('a failed allocateEni', () => {
  const steps: readonly Ec2Operation[] = ['attachEni', 'setDeleteOnTermination'];

  test.each(steps)('at %s deletes the ENI again and keeps the first error', async (step) => {
    const { allocator, ec2, clock, secondaryEnis } = setUp();
    ec2.failNext(step, 'not-permitted');
    const allocating = settle(allocator.allocateEni(request), clock);
    await expect(allocating).rejects.toMatchObject({
      code: 'not-permitted',
      message: `[not-permitted] ${step}: scripted`,
    });
    expect(secondaryEnis()).toEqual([]);
  });

  test.each(steps)('at %s keeps the first error when the clean-up fails too', async (step) => {
    const { allocator, ec2, clock, secondaryEnis } = setUp();
    ec2.failNext(step, 'subnet-exhausted');
    ec2.failNext('deleteEni', 'not-permitted', 3);
    const allocating = settle(allocator.allocateEni(request), clock);
    await expect(allocating).rejects.toMatchObject({ code: 'subnet-exhausted' });
    expect(secondaryEnis()).toHaveLength(1);
  });

  // What is attached stays: detaching takes longer than a daemon that ends has.
  const stepsBeforeAttached = steps.filter((step) => step !== 'setDeleteOnTermination');
  test.each(stepsBeforeAttached)('by an abort before %s cleans up and rejects', async (step) => {
    const { allocator, ec2, clock, secondaryEnis } = setUp();
    const controller = new AbortController();
    ec2.beforeNext(step, () => controller.abort(new Error('shutting down')));
    ec2.failNext(step, 'throttled');
    const { signal } = controller;
    const allocating = settle(allocator.allocateEni({ ...request, signal }), clock);
    await expect(allocating).rejects.toThrow('shutting down');
    expect(secondaryEnis()).toEqual([]);
  });

  test.each([
    { name: 'a full card', usedSlots: undefined, networkCardIndex: 0, code: 'eni-limit-reached' },
    {
      name: 'a card that is not there',
      usedSlots: [],
      networkCardIndex: 1,
      code: 'invalid-request',
    },
  ])('for $name creates nothing', async ({ usedSlots, networkCardIndex, code }) => {
    const { allocator, ec2 } = setUp({ limits: { maxEnis: 1, addressesPerEni: 10 } });
    const place = usedSlots === undefined ? { networkCardIndex } : { networkCardIndex, usedSlots };
    const allocating = allocator.allocateEni({ ...request, ...place });
    await expect(allocating).rejects.toMatchObject({ code });
    expect(changesOf(ec2)).toEqual([]);
  });

  test('leaves its slot to the next', async () => {
    const { allocator, ec2, clock } = setUp();
    const usedSlots = [{ networkCardIndex: 0, deviceNumber: 0 }];
    for (const step of ['createEni', 'attachEni', 'setDeleteOnTermination'] as const) {
      ec2.failNext(step, 'not-permitted');
      const allocating = settle(allocator.allocateEni({ ...request, usedSlots }), clock);
      await expect(allocating).rejects.toMatchObject({ code: 'not-permitted' });
    }
    expect((await allocator.allocateEni({ ...request, usedSlots })).deviceNumber).toBe(1);
  });

  test('at the create has nothing to clean up', async () => {
    const { allocator, ec2 } = setUp();
    ec2.failNext('createEni', 'subnet-exhausted');
    await expect(allocator.allocateEni(request)).rejects.toMatchObject({
      code: 'subnet-exhausted',
    });
    expect(changesOf(ec2)).toEqual([]);
  });

  test('for want of a look at the device numbers creates nothing', async () => {
    const { allocator, ec2, clock } = setUp();
    ec2.failNext('describeUsedDeviceIndexes', 'throttled', 3);
    const allocating = settle(allocator.allocateEni(request), clock);
    await expect(allocating).rejects.toMatchObject({ code: 'throttled' });
    expect(changesOf(ec2)).toEqual([]);
  });

  test('on an instance without a free device number creates nothing', async () => {
    const { allocator, ec2 } = setUp({ maxEnis: 200 });
    for (let deviceNumber = 1; deviceNumber < 100; deviceNumber += 1) {
      const eniId = `eni-used-${deviceNumber}` as const;
      ec2.addEni({ eniId, instanceId: 'i-1', networkCardIndex: 0, deviceNumber });
    }
    await expect(allocator.allocateEni(request)).rejects.toMatchObject({
      code: 'eni-limit-reached',
    });
    expect(changesOf(ec2)).toEqual([]);
  });
});

const changesOf = (ec2: FakeEc2) =>
  ec2.calls.map(({ operation }) => operation).filter((name) => !name.startsWith('describe'));

/** The fake numbers its ENIs; which number it is does not matter. */
function expectEni(call: { readonly operation: string; readonly request: unknown }) {
  return typeof call.request === 'object' && call.request !== null && 'eniId' in call.request
    ? { ...call, request: { ...call.request, eniId: expect.stringMatching(/^eni-\d+$/) } }
    : call;
}
