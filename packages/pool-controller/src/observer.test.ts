import { describe, expect, test } from '@jest/globals';
import { AddressBook } from '@vpc-cni/ipam';
import { createFakeClock } from '@vpc-cni/testing';
import { createActionLedger } from './action-ledger.ts';
import type { PoolEvent } from './events.ts';
import { codedError } from './fake-node.ts';
import { createIntentKeeper, EC2_LAG_MS, type Wish } from './intent-keeper.ts';
import { createObserver } from './observer.ts';
import type { ObservedEni } from './ports.ts';

// When the next comparison is due, what it asks, and what it looks after beside.

const RECONCILE_MS = 60_000;
const TRUTH_MS = 4 * 3_600_000;
const RETRY_MS = 10_000;

const primary: ObservedEni = {
  eniId: 'eni-0',
  mac: '02:00:00:00:00:00',
  deviceNumber: 0,
  networkCardIndex: 0,
  subnetId: 'subnet-1',
  subnetCidr: '10.0.0.0/16',
  primaryAddress: '10.0.0.4',
  secondaryAddresses: [],
  prefixes: [],
  isPrimary: true,
};
const foreign: ObservedEni = { ...primary, eniId: 'eni-9', deviceNumber: 1, isPrimary: false };

function setUp() {
  const clock = createFakeClock(0);
  const book = new AddressBook({ addressCooldownMs: 0 });
  const checkpoint = { save: async () => {} };
  const intents = createIntentKeeper({ book, checkpoint, clock, newId: () => 'id' });
  const calls: string[] = [];
  const events: PoolEvent[] = [];
  const node = {
    attached: [primary],
    links: 'there' as 'there' | 'missing',
    leaks: 'deletable' as 'deletable' | 'stuck',
    ec2: 'up' as 'up' | 'away',
  };
  const observer = createObserver({
    book,
    clock,
    intents,
    ledger: createActionLedger(),
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    servesFromPrimary: true,
    reconcileIntervalMs: RECONCILE_MS,
    truthIntervalMs: TRUTH_MS,
    metadata: { readEnis: async () => node.attached },
    host: {
      routeTableId: () => 254,
      setUpEni: async () => {
        if (node.links === 'missing') throw codedError('link-not-found');
      },
      tearDownEni: async () => {},
    },
    // The rest is for actions, which an observer does not begin.
    enis: {
      describeEnis: async (eniIds: readonly string[]) => {
        calls.push(`describe ${eniIds.join(' ')}`);
        if (node.ec2 === 'away') throw codedError('unreachable');
        return node.attached
          .filter(({ eniId }) => eniIds.includes(eniId))
          .map((eni) => ({ ...eni, isManaged: eni.eniId !== 'eni-9' }));
      },
      deleteLeakedEnis: async () => {
        calls.push('delete leaks');
        if (node.leaks === 'stuck') throw codedError('unreachable');
      },
    } as unknown as Parameters<typeof createObserver>[0]['enis'],
  });
  /** Something was asked for, and what became of it nobody knows. */
  const loseAnswer = async (wish: Wish) => {
    await intents.begin('lost', wish);
    intents.end('lost', 'uncertain');
  };
  return Object.assign(node, { clock, book, observer, calls, events, loseAnswer });
}

test('the first comparison is due at once', () => {
  expect(setUp().observer.dueAtMs).toBe(Number.NEGATIVE_INFINITY);
});

describe('the next one is due', () => {
  test('after the usual time when all is well', async () => {
    const { observer } = setUp();
    await observer.observe();
    expect(observer.dueAtMs).toBe(RECONCILE_MS);
  });

  test('soon when an ENI made trouble, and its slot is not free meanwhile', async () => {
    const node = setUp();
    node.attached = [primary, { ...foreign, eniId: 'eni-1' }];
    node.links = 'missing';
    await node.observer.observe();
    expect(node.observer.dueAtMs).toBe(RETRY_MS);
    expect(node.observer.otherSlots).toEqual([expect.objectContaining({ deviceNumber: 1 })]);
  });

  test('soon when EC2 could not be asked', async () => {
    const node = setUp();
    node.ec2 = 'away';
    await expect(node.observer.observe()).rejects.toMatchObject({ code: 'unreachable' });
    expect(node.observer.dueAtMs).toBe(RETRY_MS);
  });

  test('when EC2 will know what became of something', async () => {
    const node = setUp();
    await node.observer.observe();
    await node.loseAnswer({ kind: 'assign-addresses', eniId: 'eni-0', count: 1 });
    await node.observer.observe();
    expect(node.observer.dueAtMs).toBe(EC2_LAG_MS);
  });

  test('when somebody asks for it, never later than it was', async () => {
    const { observer } = setUp();
    await observer.observe();
    observer.observeBy(RECONCILE_MS + 1);
    expect(observer.dueAtMs).toBe(RECONCILE_MS);
    observer.observeBy(5_000);
    expect(observer.dueAtMs).toBe(5_000);
  });
});

describe('EC2 is asked', () => {
  test('about everything at first and every four hours, else about nothing that agrees', async () => {
    const node = setUp();
    await node.observer.observe();
    await node.clock.advance(TRUTH_MS - 1);
    await node.observer.observe();
    expect(node.calls).toEqual(['describe eni-0']);
    await node.clock.advance(1);
    await node.observer.observe();
    expect(node.calls).toEqual(['describe eni-0', 'describe eni-0']);
  });

  test('about an ENI of somebody else only once', async () => {
    const node = setUp();
    await node.observer.observe();
    node.attached = [primary, foreign];
    await node.observer.observe();
    await node.observer.observe();
    expect(node.calls).toEqual(['describe eni-0', 'describe eni-9']);
    expect(node.observer.otherSlots).toEqual([{ deviceNumber: 1, networkCardIndex: 0 }]);
  });

  test('about an ENI until it is sure to know what became of it', async () => {
    const node = setUp();
    await node.observer.observe();
    await node.loseAnswer({ kind: 'assign-addresses', eniId: 'eni-0', count: 1 });
    await node.observer.observe();
    await node.clock.advance(EC2_LAG_MS);
    await node.observer.observe();
    await node.observer.observe();
    expect(node.calls).toEqual(['describe eni-0', 'describe eni-0', 'describe eni-0']);
    expect(node.book.intents()).toEqual([]);
  });
});

describe('leaked ENIs', () => {
  const creation: Wish = { kind: 'create-eni', clientToken: 'token', networkCardIndex: 0 };

  test('are looked for only after something may have left one, and once', async () => {
    const node = setUp();
    await node.observer.observe();
    await node.loseAnswer(creation);
    await node.observer.observe(); // too early to see it
    expect(node.calls).not.toContain('delete leaks');
    await node.clock.advance(EC2_LAG_MS);
    await node.observer.observe();
    await node.observer.observe();
    expect(node.calls.filter((call) => call === 'delete leaks')).toHaveLength(1);
    expect(node.book.intents()).toEqual([]);
  });

  test('that cannot be deleted are told and looked for again, and the comparison goes on', async () => {
    const node = setUp();
    await node.loseAnswer(creation);
    node.leaks = 'stuck';
    await node.clock.advance(EC2_LAG_MS);
    await node.observer.observe();
    expect(node.events).toContainEqual(expect.objectContaining({ kind: 'leaks-left' }));
    expect(node.book.enis(0)).toHaveLength(1);
    expect(node.observer.dueAtMs).toBe(EC2_LAG_MS + RETRY_MS);
    node.leaks = 'deletable';
    await node.observer.observe();
    expect(node.book.intents()).toEqual([]);
  });
});
