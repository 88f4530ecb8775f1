import { afterEach, describe, expect, test } from '@jest/globals';
import type { DeskReply } from './address-desk.ts';
import {
  codedError,
  createFakeNode,
  type FakeNode,
  type FakeNodeOptions,
  primaryOf,
} from './fake-node.ts';

let node: FakeNode;

async function startNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  node = createFakeNode(options);
  await node.controller.adopt();
  node.controller.start();
  return node;
}

afterEach(async () => {
  const stopping = node.controller.stop();
  await node.clock.advance(1);
  await stopping;
});

const key = (container: string) => ({
  networkName: 'aws-cni',
  containerId: container,
  interfaceName: 'eth0',
});

const noSignal = new AbortController().signal;

const ask = (container: string, signal = noSignal) =>
  node.desk.reserve(key(container), { podNamespace: 'default', podName: container }, { signal });

/** Lets time pass until the promise has settled. */
async function after<T>(ms: number, promise: Promise<T>): Promise<T> {
  await node.clock.advance(ms);
  return promise;
}

const addressOf = (reply: DeskReply) =>
  reply.kind === 'reserved' ? reply.reservations[0].address : `refused: ${reply.reason}`;

describe('growth', () => {
  test('fills an empty node up to one warm ENI and stops there', async () => {
    await startNode();
    await node.clock.advance(20_000);
    expect(node.calls.filter((call) => !call.startsWith('describe'))).toEqual([
      'assignAddresses eni-0 3',
    ]);
  });

  test('with custom networking leaves the primary ENI to the node', async () => {
    await startNode({ primaryAddressCount: 1, targets: { customNetworking: true } });
    const reply = await after(20_000, ask('a'));
    expect(reply).toMatchObject({ reservations: [{ eni: { eniId: 'eni-1' } }] });
    expect(node.calls.filter((call) => call.startsWith('assign'))).toEqual([]);
    expect(node.ec2.get('eni-0')?.secondaryAddresses).toEqual([]);
  });

  test('adds an ENI with its addresses in one call once the first pod has come', async () => {
    await startNode({ primaryAddressCount: 3 });
    await ask('a');
    await node.clock.advance(10_000);
    expect(node.calls).toContain('allocateEni 3');
    expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(6);
  });

  test('after throttling tries again, later each time', async () => {
    await startNode();
    node.failNext('assignAddresses', codedError('throttled'), 3);
    await node.clock.advance(60_000);
    const attempts = node.calls.filter((call) => call.startsWith('assign')).length;
    expect(attempts).toBe(4);
    expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(3);
  });

  test('does not ask for an ENI whose slot somebody else’s ENI takes', async () => {
    node = createFakeNode({ primaryAddressCount: 3, maxEnis: 2 });
    node.ec2.set('eni-9', {
      ...primaryOf(node),
      eniId: 'eni-9',
      isPrimary: false,
      deviceNumber: 1,
    });
    node.unmanaged.add('eni-9');
    await node.controller.adopt();
    node.controller.start();
    await ask('a');
    await node.clock.advance(10_000);
    expect(node.calls.filter((call) => call.startsWith('allocate'))).toEqual([]);
  });

  test('asks again for an ENI that it did not get', async () => {
    await startNode({ primaryAddressCount: 3 });
    node.failNext('allocateEni', codedError('unreachable'));
    await ask('a');
    await node.clock.advance(20_000);
    expect(node.ec2.size).toBe(2);
  });

  test('gives an ENI back to EC2 that the host cannot set up', async () => {
    await startNode({ primaryAddressCount: 3, maxEnis: 2 });
    node.failNext('setUpEni', codedError('link-not-found'));
    await ask('a');
    await node.clock.advance(2_500);
    expect(node.calls.filter((call) => call.startsWith('freeEni'))).toEqual(['freeEni eni-1']);
    expect([...node.ec2.keys()]).toEqual(['eni-0']);
    expect(node.book.enis(0)).toHaveLength(1);
  });

  test('forgets the failures of before once it has grown', async () => {
    await startNode({ targets: { warmIpTarget: 1 } });
    node.failNext('assignAddresses', codedError('throttled'), 4);
    await node.clock.advance(60_000);
    node.failNext('assignAddresses', codedError('throttled'));
    const before = node.calls.length;
    await ask('a');
    await node.clock.advance(4_000); // one second for each attempt, one of back-off
    expect(node.calls.slice(before).filter((call) => call.startsWith('assign'))).toHaveLength(2);
  });
});

describe('observing', () => {
  test('leaves an ENI alone that an action is still setting up', async () => {
    await startNode({ primaryAddressCount: 3, linkDelayMs: 5_000 });
    await ask('a');
    await node.clock.advance(1_500); // EC2 has created it, its link is not there yet
    expect(node.ec2.size).toBe(2);
    await node.controller.adopt();
    await node.clock.advance(10_000);
    expect(node.book.enis(node.clock.nowMs())).toHaveLength(2);
    expect(node.events.map(({ kind }) => kind)).not.toContain('action-failed');
    expect(node.events).not.toContainEqual(
      expect.objectContaining({ eniId: 'eni-1', kind: 'eni-adopted' }),
    );
  });

  test('compares again when an action fails while a comparison is under way', async () => {
    await startNode({ targets: { warmIpTarget: 1 } });
    await node.clock.advance(59_000);
    node.metadata = [];
    const asking = node.holdDescriptions();
    await node.clock.advance(2_000); // the minute is over
    node.failNext('assignAddresses', codedError('unreachable'));
    await ask('a');
    await node.clock.advance(1_500);
    const before = node.calls.length;
    asking.goOn();
    await node.clock.advance(500);
    expect(node.calls.slice(before).some((call) => call.startsWith('describe'))).toBe(true);
  });

  test('does not forget ENIs that are not ours while it creates one', async () => {
    node = createFakeNode({ primaryAddressCount: 3, maxEnis: 3 });
    node.ec2.set('eni-9', {
      ...primaryOf(node),
      eniId: 'eni-9',
      isPrimary: false,
      deviceNumber: 2,
    });
    node.unmanaged.add('eni-9');
    await node.controller.adopt();
    node.controller.start();
    expect(node.controller.maxEnis).toBe(2);
    await ask('a');
    await node.clock.advance(500); // the second ENI is being created
    await node.controller.adopt();
    expect(node.controller.maxEnis).toBe(2);
  });

  test('ends when the daemon does, also before the start', async () => {
    const ending = new AbortController();
    node = createFakeNode({ signal: ending.signal, linkDelayMs: 15_000 });
    node.ec2.set('eni-1', {
      ...primaryOf(node),
      eniId: 'eni-1',
      isPrimary: false,
      deviceNumber: 1,
    });
    const adopting = node.controller.adopt();
    ending.abort(new Error('ended by SIGTERM'));
    await expect(adopting).rejects.toThrow('ended by SIGTERM');
  });

  test('does not believe an answer that an action has overtaken', async () => {
    await startNode({ targets: { warmIpTarget: 1 } });
    await node.clock.advance(5_000);
    node.metadata = [];
    const asking = node.holdDescriptions();
    const adopting = node.controller.adopt();
    await ask('a');
    await node.clock.advance(5_000); // another address has come meanwhile
    asking.goOn();
    await adopting;
    expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(2);
    expect(node.events.map(({ kind }) => kind)).not.toContain('addresses-corrected');
  });

  test('does not keep pods waiting while a link takes its time', async () => {
    await startNode({ primaryAddressCount: 3, linkDelayMs: 15_000, maxEnis: 1 });
    await node.clock.advance(59_000);
    node.ec2.set('eni-9', {
      ...primaryOf(node),
      eniId: 'eni-9',
      isPrimary: false,
      secondaryAddresses: [],
    });
    await node.clock.advance(2_000); // the minute is over, the new ENI is being set up
    for (const container of ['a', 'b', 'c']) await ask(container);
    expect(addressOf(await after(200, ask('d')))).toBe('refused: eni-limit');
  });
});

describe('a pod that finds the pool empty', () => {
  test('waits for the addresses that are on their way', async () => {
    await startNode();
    const reply = await after(5_000, ask('a'));
    expect(addressOf(reply)).toMatch(/^10\.0\./);
  });

  test('is served first come, first served, without two pods sharing an address', async () => {
    await startNode({ addressesPerEni: 4 });
    const replies = await after(20_000, Promise.all(['a', 'b', 'c', 'd', 'e'].map((c) => ask(c))));
    expect(new Set(replies.map(addressOf)).size).toBe(5);
  });

  test('is refused at once when nothing can come', async () => {
    await startNode({ maxEnis: 1, primaryAddressCount: 3 });
    for (const container of ['a', 'b', 'c']) await ask(container);
    expect(addressOf(await after(100, ask('d')))).toBe('refused: eni-limit');
  });

  test('waits for an address that cools down in time', async () => {
    await startNode({ maxEnis: 1, primaryAddressCount: 3, addressCooldownMs: 10_000 });
    const replies = [await ask('a'), await ask('b'), await ask('c')];
    await node.desk.release(key('a'));
    const reply = await after(10_100, ask('d'));
    expect(addressOf(reply)).toBe(replies.map(addressOf)[0]);
  });

  test('is told that addresses cool down when that takes longer than it may wait', async () => {
    await startNode({ maxEnis: 1, primaryAddressCount: 3, waitMs: 5_000 });
    for (const container of ['a', 'b', 'c']) await ask(container);
    await node.desk.release(key('a'));
    const reply = await after(100, ask('d'));
    expect(reply).toMatchObject({
      kind: 'refused',
      reason: 'cooling',
      retryAfterMs: expect.any(Number),
    });
  });

  test.each([
    ['subnet-exhausted', 'subnet-full'],
    ['not-permitted', 'permission'],
    ['unreachable', 'ec2-unavailable'],
    ['throttled', 'throttled'],
  ])('is told the reason when EC2 answers %s for as long as it waits', async (code, reason) => {
    await startNode({ waitMs: 10_000 });
    node.failNext('assignAddresses', codedError(code), 1_000);
    node.failNext('allocateEni', codedError(code), 1_000);
    expect(addressOf(await after(11_000, ask('a')))).toBe(`refused: ${reason}`);
  });

  test('leaves the line when its caller hangs up', async () => {
    await startNode();
    node.failNext('assignAddresses', codedError('unreachable'), 1_000);
    const hangUp = new AbortController();
    const reply = ask('a', hangUp.signal);
    await node.clock.advance(100);
    hangUp.abort(new Error('gone'));
    await expect(reply).rejects.toThrow('gone');
    expect(node.controller.waitingLine.length).toBe(0);
  });
});

describe('a pod that leaves', () => {
  test('is seen by the pool at once', async () => {
    await startNode({ primaryAddressCount: 3, maxEnis: 1 });
    await ask('a');
    await node.clock.advance(500);
    expect(node.controller.lastPlan?.figures).toMatchObject({ coolingCount: 0 });
    await node.desk.release(key('a'));
    await node.clock.advance(200);
    expect(node.controller.lastPlan?.figures).toMatchObject({ coolingCount: 1 });
  });
});

describe('pods that arrive one after the other', () => {
  const assignments = () => node.calls.filter((call) => call.startsWith('assign')).length;

  test('cost a call for several of them, and the target is met ten seconds later', async () => {
    await startNode({ targets: { warmIpTarget: 4 } });
    await node.clock.advance(60_000);
    const before = assignments();
    await ask('a');
    await node.clock.advance(1_000);
    await ask('b');
    await node.clock.advance(8_000);
    expect(assignments()).toBe(before);
    await node.clock.advance(5_000);
    expect(assignments()).toBe(before + 1);
    expect(node.book.statistics(node.clock.nowMs()).reservableNowCount).toBe(4);
  });
});

describe('giving back', () => {
  test('returns surplus addresses when an address target asks for fewer', async () => {
    await startNode({ primaryAddressCount: 3, targets: { warmIpTarget: 1 } });
    await node.clock.advance(120_000);
    expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(1);
    expect([...node.ec2.values()][0]?.secondaryAddresses.length).toBe(1);
  });

  test('keeps from pods what EC2 is taking back', async () => {
    await startNode({ primaryAddressCount: 3, targets: { warmIpTarget: 1 } });
    while (!node.calls.some((call) => call.startsWith('unassign'))) await node.clock.advance(100);
    expect(node.book.statistics(node.clock.nowMs())).toMatchObject({
      drainingCount: 2,
      reservableNowCount: 1,
    });
  });

  test('keeps the addresses when EC2 refuses, and does not insist', async () => {
    await startNode({ primaryAddressCount: 3, targets: { warmIpTarget: 1 } });
    node.failNext('unassignAddresses', codedError('unexpected'), 1_000);
    await node.clock.advance(60_000);
    const attempts = node.calls.filter((call) => call.startsWith('unassign')).length;
    expect(attempts).toBeLessThanOrEqual(2);
    expect(node.book.statistics(node.clock.nowMs())).toMatchObject({
      totalCount: 3,
      drainingCount: 0,
    });
  });
});

describe('a node', () => {
  test('is refused while it has no address, with the reason, and never again', async () => {
    node = createFakeNode({ maxEnis: 1 });
    await node.controller.adopt();
    node.failNext('assignAddresses', codedError('subnet-exhausted'));
    node.controller.start();
    expect(node.controller.refusal()).toMatchObject({ reason: 'capacity-pending' });
    await node.clock.advance(2_000);
    expect(node.controller.refusal()).toMatchObject({ reason: 'subnet-full' });
    await node.clock.advance(125_000);
    expect(node.controller.refusal()).toBeUndefined();
    for (const pod of ['a', 'b', 'c']) await ask(pod);
    expect(node.controller.refusal()).toBeUndefined();
    node.ec2.clear();
    await node.controller.adopt();
    expect(node.controller.refusal()).toBeUndefined();
  });
});

describe('deleting an ENI', () => {
  const withIdleEni = async () => {
    await startNode({ primaryAddressCount: 3, maxEnis: 2 });
    const pods = ['a', 'b', 'c', 'd'];
    await after(10_000, Promise.all(pods.map((pod) => ask(pod))));
    for (const pod of pods) await node.desk.release(key(pod));
    while (!node.calls.includes('freeEni eni-1')) await node.clock.advance(500);
  };

  test('keeps its addresses from pods while EC2 takes it away', async () => {
    await withIdleEni();
    const eni = node.book.enis(node.clock.nowMs()).find(({ eniId }) => eniId === 'eni-1');
    expect(eni).toMatchObject({ freeCount: 0 });
    expect(eni?.drainingCount).toBeGreaterThan(0);
  });

  test('takes it off the host and out of the book', async () => {
    await withIdleEni();
    await node.clock.advance(1_500);
    expect(node.book.enis(0).map(({ eniId }) => eniId)).toEqual(['eni-0']);
    expect(node.hostCalls.at(-1)).toBe('tearDownEni eni-1');
  });

  test('that EC2 refuses gives its addresses back to the pool, once EC2 is sure to show it', async () => {
    await withIdleEni();
    node.failNext('freeEni', codedError('not-permitted'));
    await node.clock.advance(10_000);
    expect(node.book.enis(0).map(({ drainingCount }) => drainingCount)).toEqual([0, 3]);
    await node.clock.advance(10_000);
    expect(node.book.enis(0).map(({ drainingCount }) => drainingCount)).toEqual([0, 0]);
  });

  test('that was detached but could not be deleted leaves the pool', async () => {
    await withIdleEni();
    node.failNext('freeEni', codedError('not-permitted'));
    node.detached.add('eni-1');
    await node.clock.advance(20_000);
    expect(node.book.enis(0).map(({ eniId }) => eniId)).toEqual(['eni-0']);
  });
});

describe('an attachment whose address is stranded', () => {
  test('is refused another one, and the reason names the address', async () => {
    await startNode({ primaryAddressCount: 3 });
    const address = addressOf(await ask('a'));
    node.ec2.clear();
    await node.controller.adopt();
    expect(await ask('a')).toMatchObject({
      kind: 'refused',
      reason: 'eni-absent',
      message: expect.stringContaining(address),
    });
  });

  test('is given another one when its ENI is lost before anybody has seen the address', async () => {
    await startNode({ primaryAddressCount: 3, maxEnis: 2 });
    node.ec2.set('eni-1', {
      ...primaryOf(node),
      eniId: 'eni-1',
      isPrimary: false,
      deviceNumber: 1,
      primaryAddress: '10.0.8.1',
      secondaryAddresses: ['10.0.8.2'],
    });
    await node.controller.adopt();
    for (const pod of ['b', 'c', 'd']) await ask(pod);
    const writing = node.holdCheckpoint();
    const asking = ask('a');
    node.ec2.delete('eni-1');
    await node.controller.adopt();
    writing.goOn();
    await node.desk.release(key('b'));
    const reply = await after(40_000, asking);
    expect(reply).toMatchObject({ kind: 'reserved', isNew: true });
    expect(addressOf(reply)).not.toBe('10.0.8.2');
    expect(node.book.find(key('a'))?.address).toBe(addressOf(reply));
  });

  test('counts as a pod of the node', async () => {
    await startNode({ primaryAddressCount: 3, maxPods: 4, targets: { warmIpTarget: 3 } });
    for (const pod of ['a', 'b', 'c']) await ask(pod);
    node.ec2.set('eni-0', { ...primaryOf(node), secondaryAddresses: [] });
    await node.controller.adopt();
    await node.clock.advance(30_000);
    expect(node.book.statistics(0)).toMatchObject({ strandedCount: 3, totalCount: 1 });
  });
});

describe('durability', () => {
  test('a release is answered only after the checkpoint is written', async () => {
    await startNode({ primaryAddressCount: 3 });
    await ask('a');
    const before = node.savedCount();
    await node.desk.release(key('a'));
    expect(node.savedCount()).toBe(before + 1);
  });

  test('a release that could not be written is written when it is repeated', async () => {
    await startNode({ primaryAddressCount: 3 });
    await ask('a');
    node.failCheckpoint(new Error('disk full'));
    await expect(node.desk.release(key('a'))).rejects.toThrow('disk full');
    await expect(node.desk.release(key('a'))).rejects.toThrow('disk full');
    node.failCheckpoint(undefined);
    const before = node.savedCount();
    expect(await node.desk.release(key('a'))).toEqual([]);
    expect(node.savedCount()).toBe(before + 1);
    await node.desk.release(key('a'));
    expect(node.savedCount()).toBe(before + 1);
  });

  test('of two calls for one attachment none is given an address that the other took back', async () => {
    await startNode({ primaryAddressCount: 3 });
    const failing = node.holdCheckpoint();
    const first = ask('a');
    node.failCheckpoint(new Error('disk full'));
    failing.goOn();
    const working = node.holdCheckpoint();
    const second = ask('a');
    await expect(first).rejects.toThrow('disk full');
    node.failCheckpoint(undefined);
    working.goOn();
    const reply = await second;
    expect(node.book.find(key('a'))?.address).toBe(addressOf(reply));
  });

  test('answers only after the checkpoint is written', async () => {
    await startNode({ primaryAddressCount: 3 });
    const before = node.savedCount();
    await ask('a');
    expect(node.savedCount()).toBe(before + 1);
  });

  test('a reservation that cannot be written is taken back', async () => {
    await startNode({ primaryAddressCount: 3 });
    node.failCheckpoint(new Error('disk full'));
    await expect(ask('a')).rejects.toThrow('disk full');
    expect(node.book.statistics(node.clock.nowMs()).reservedCount).toBe(0);
  });

  test('asking again for the same attachment gives the same address', async () => {
    await startNode({ primaryAddressCount: 3 });
    const [first, second] = [await ask('a'), await ask('a')];
    expect(addressOf(second)).toBe(addressOf(first));
    expect(second).toMatchObject({ isNew: false });
  });
});
