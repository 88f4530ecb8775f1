import { describe, expect, test } from '@jest/globals';
import { AddressBook, type EniSnapshot } from '@vpc-cni/ipam';
import type { StartedAction } from './action-ledger.ts';
import { codedError } from './fake-node.ts';
import { createGrowthTroubles, type NewEniPlacement } from './growth-troubles.ts';

const reason = 'below-warm-ips';
const create: StartedAction = { kind: 'create-eni', addressCount: 1, reason };
const createWithPrefixes: StartedAction = {
  kind: 'create-eni-with-prefixes',
  prefixCount: 1,
  networkCardIndex: 0,
  reason,
};
const onSecond: StartedAction = { kind: 'assign-addresses', eniId: 'eni-1', count: 1, reason };
const onUnknown: StartedAction = { ...onSecond, eniId: 'eni-9' };

const MINUTE_MS = 60_000;

/** The primary ENI in subnet-1, another one in subnet-2. */
function twoEnis(): readonly EniSnapshot[] {
  const book = new AddressBook({ addressCooldownMs: 0 });
  for (const [deviceNumber, subnetId] of (['subnet-1', 'subnet-2'] as const).entries()) {
    book.addEni({
      eniId: `eni-${deviceNumber}`,
      deviceNumber,
      networkCardIndex: 0,
      isPrimary: deviceNumber === 0,
      routeTableId: 254,
      subnetId,
      primaryAddress: `10.0.${deviceNumber}.4`,
      attachedAtMs: 0,
    });
  }
  return book.enis(0);
}
const enis = twoEnis();

const troublesAfter = (
  error: string,
  action: StartedAction,
  placement: NewEniPlacement = 'primary-subnet',
) => {
  const troubles = createGrowthTroubles(placement);
  troubles.noteFailure(codedError(error), action, { enis, nowMs: 0 });
  return troubles;
};
const hints = (troubles: ReturnType<typeof createGrowthTroubles>, nowMs = 0) =>
  Object.fromEntries(troubles.hints(enis, nowMs).map(({ subnetId, ...hint }) => [subnetId, hint]));

describe('the subnets as the planner is told of them', () => {
  const open = { acceptsNewEnis: true };
  const closed = { acceptsNewEnis: false };
  const backingOff = { backoffUntilMs: 2 * MINUTE_MS };

  test.each([
    { placement: 'primary-subnet', expected: { 'subnet-1': open, 'subnet-2': closed } },
    { placement: 'any-subnet', expected: { 'subnet-1': closed, 'subnet-2': closed, any: open } },
  ] as const)('without trouble, new ENIs going to $placement', ({ placement, expected }) => {
    expect(hints(createGrowthTroubles(placement))).toEqual(expected);
  });

  test.each<{
    name: string;
    error: string;
    action: StartedAction;
    placement?: NewEniPlacement;
    expected: object;
  }>([
    {
      name: "a new ENI found the primary ENI's full",
      error: 'subnet-exhausted',
      action: create,
      expected: { 'subnet-1': { ...open, ...backingOff }, 'subnet-2': closed },
    },
    {
      name: 'a new ENI found none with room',
      error: 'no-usable-subnet',
      action: create,
      placement: 'any-subnet',
      expected: { 'subnet-1': closed, 'subnet-2': closed, any: { ...open, ...backingOff } },
    },
    {
      name: 'an ENI found its own full, wherever new ones go',
      error: 'subnet-exhausted',
      action: onSecond,
      placement: 'any-subnet',
      expected: { 'subnet-1': closed, 'subnet-2': { ...closed, ...backingOff }, any: open },
    },
    {
      name: 'there is no whole prefix',
      error: 'no-free-prefix',
      action: createWithPrefixes,
      expected: { 'subnet-1': { ...open, isFragmented: true }, 'subnet-2': closed },
    },
    {
      name: 'the failure has nothing to do with a subnet',
      error: 'throttled',
      action: create,
      expected: { 'subnet-1': open, 'subnet-2': closed },
    },
  ])('after $name', ({ error, action, placement, expected }) => {
    expect(hints(troublesAfter(error, action, placement))).toEqual(expected);
  });

  test('are open again when the time is over', () => {
    const troubles = troublesAfter('subnet-exhausted', create);
    expect(hints(troubles, 2 * MINUTE_MS)).toEqual({ 'subnet-1': open, 'subnet-2': closed });
  });
});

describe('the node', () => {
  test.each([
    {
      name: 'refrains after a failure of EC2',
      error: 'unreachable',
      action: create,
      blocked: 'ec2-unavailable',
    },
    {
      name: 'goes on in other subnets when one is full',
      error: 'subnet-exhausted',
      action: create,
      blocked: undefined,
    },
    {
      name: 'refrains when a full subnet is that of an ENI which is gone',
      error: 'subnet-exhausted',
      action: onUnknown,
      blocked: 'subnet-full',
    },
  ])('$name', ({ error, action, blocked }) => {
    expect(troublesAfter(error, action).ofNode?.reason).toBe(blocked);
  });

  test('waits twice as long after each failure, and anew after a success', () => {
    const troubles = troublesAfter('unreachable', create);
    const waitMs = () => troubles.ofNode?.untilMs;
    const fail = () => troubles.noteFailure(codedError('unreachable'), create, { enis, nowMs: 0 });
    expect(waitMs()).toBe(1_000);
    fail();
    expect(waitMs()).toBe(2_000);
    troubles.noteSuccess(onSecond, enis);
    expect(waitMs()).toBeUndefined();
    fail();
    expect(waitMs()).toBe(1_000);
  });
});

describe('a success', () => {
  test.each<{ name: string; error: string; success: StartedAction; isOver: boolean }>([
    {
      name: 'ends the trouble of its subnet',
      error: 'subnet-exhausted',
      success: create,
      isOver: true,
    },
    {
      name: 'says nothing of another subnet',
      error: 'subnet-exhausted',
      success: onSecond,
      isOver: false,
    },
    {
      name: 'with single addresses does not prove that there are prefixes',
      error: 'no-free-prefix',
      success: create,
      isOver: false,
    },
    {
      name: 'with prefixes does',
      error: 'no-free-prefix',
      success: createWithPrefixes,
      isOver: true,
    },
  ])('$name', ({ error, success, isOver }) => {
    const troubles = troublesAfter(error, create);
    troubles.noteSuccess(success, enis);
    expect(troubles.ofSubnets(0) === undefined).toBe(isOver);
  });
});

test('of the troubles with subnets, the one that lasts longest is told, while it lasts', () => {
  const troubles = troublesAfter('subnet-exhausted', create);
  troubles.noteFailure(codedError('subnet-exhausted'), onSecond, { enis, nowMs: 1_000 });
  expect(troubles.ofSubnets(1_000)?.untilMs).toBe(2 * MINUTE_MS + 1_000);
  expect(troubles.ofSubnets(2 * MINUTE_MS + 1_000)).toBeUndefined();
});
