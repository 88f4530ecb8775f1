import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { EniId } from './ec2-ids.ts';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2, type FakeEc2Options } from './fake-ec2.ts';
import type { EniTruth } from './ports.ts';
import { settle } from './settle.ts';

const eniId: EniId = 'eni-1';
const attached: Partial<EniTruth> = {
  eniId,
  status: 'in-use',
  attachmentId: 'eni-attach-1',
  instanceId: 'i-1',
  deviceNumber: 1,
  networkCardIndex: 0,
};

function setUp(options: FakeEc2Options = {}) {
  const clock = createFakeClock();
  const ec2 = createFakeEc2(options);
  const allocator = createEniAllocator({ ec2, clock, instanceId: 'i-1' });
  const operations = () => ec2.calls.map(({ operation }) => operation);
  return { clock, ec2, allocator, operations };
}

describe('freeEni', () => {
  test('detaches, waits until EC2 has let go, deletes', async () => {
    const { allocator, ec2, clock, operations } = setUp({ looksUntilDetached: 2 });
    ec2.addEni(attached);
    await settle(allocator.freeEni(eniId), clock);
    expect(ec2.enis()).toEqual([]);
    expect(operations()).toEqual([
      'describeEnis',
      'detachEni',
      'describeEnis',
      'describeEnis',
      'describeEnis',
      'deleteEni',
    ]);
  });

  const shortcuts = [
    {
      name: 'deletes at once what is not attached',
      enis: [{ eniId }],
      operations: ['describeEnis', 'deleteEni'],
    },
    {
      name: 'takes an ENI that is gone as success',
      enis: [],
      operations: ['describeEnis', 'deleteEni'],
    },
    {
      name: 'does not detach again what is detaching',
      enis: [{ ...attached, status: 'detaching' as const }],
      operations: ['describeEnis', 'describeEnis'],
    },
  ];

  test.each(shortcuts)('$name', async ({ enis, operations: expected }) => {
    const { allocator, ec2, clock, operations } = setUp();
    for (const eni of enis) {
      ec2.addEni(eni);
    }
    const freeing = allocator.freeEni(eniId);
    freeing.catch(() => {});
    await clock.advance(250);
    expect(operations()).toEqual(expected);
  });

  test('tries to delete again while EC2 says in use of an ENI it shows as detached', async () => {
    const { allocator, ec2, clock } = setUp();
    ec2.addEni({ eniId });
    let refusals = 2;
    const lagging = {
      ...ec2,
      deleteEni: async (id: EniId) => (refusals-- > 0 ? 'in-use' : ec2.deleteEni(id)),
    } as typeof ec2; // the same port with one slow answer
    const patient = createEniAllocator({ ec2: lagging, clock, instanceId: 'i-1' });
    await settle(patient.freeEni(eniId), clock);
    expect(ec2.enis()).toEqual([]);
    await settle(allocator.freeEni(eniId), clock);
  });

  test('gives up after two minutes and says what EC2 shows', async () => {
    const { allocator, ec2, clock } = setUp({ looksUntilDetached: Number.POSITIVE_INFINITY });
    ec2.addEni(attached);
    const startedAtMs = clock.nowMs();
    await expect(settle(allocator.freeEni(eniId), clock)).rejects.toMatchObject({
      code: 'unexpected',
      message: expect.stringContaining('after 120 s EC2 still shows it as detaching'),
      facts: { eniId, status: 'detaching' },
    });
    expect(clock.nowMs() - startedAtMs).toBeLessThanOrEqual(120_250);
  });

  const refusals = [
    {
      name: 'the primary ENI',
      eni: { ...attached, deviceNumber: 0 },
      message: 'it is the primary ENI of i-1',
    },
    {
      name: 'the ENI of another instance',
      eni: { ...attached, instanceId: 'i-2' as const },
      message: 'it is attached to i-2, not to i-1',
    },
  ];

  test.each(refusals)('refuses $name', async ({ eni, message }) => {
    const { allocator, ec2, operations } = setUp();
    ec2.addEni(eni);
    await expect(allocator.freeEni(eniId)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining(message),
    });
    expect(operations()).toEqual(['describeEnis']);
  });

  test('stops waiting when aborted', async () => {
    const { allocator, ec2, clock } = setUp({ looksUntilDetached: Number.POSITIVE_INFINITY });
    ec2.addEni(attached);
    const controller = new AbortController();
    const freeing = allocator.freeEni(eniId, { signal: controller.signal });
    freeing.catch(() => {});
    await clock.advance(1_000);
    controller.abort(new Error('shutting down'));
    await expect(freeing).rejects.toThrow('shutting down');
  });
});
