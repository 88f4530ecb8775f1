import { expect, test } from '@jest/globals';
import { decodeCheckpoint } from '@vpc-cni/ipam';
import { askPlugin, MULTI } from './network-cards.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// A pod of two network cards whose daemon is killed at any moment of its life: before every write, and before and
// after every change of the kernel and every EC2 call.

const ENVIRONMENT = { ENABLE_MULTI_NIC: 'true', WARM_IP_TARGET: '1', IP_COOLDOWN_PERIOD: '1' };

/** Addresses that the files and the book say the pod holds, and how many interfaces it has. */
function accountsOf({ daemon, site }: Node) {
  const files = ['ipam.json', 'ipam-nic-1.json'].flatMap((name) => site.disk.files.get(name) ?? []);
  return {
    saved: files.flatMap((text) => decodeCheckpoint(text).allocations.map(({ ipv4 }) => ipv4)),
    held: daemon.pool?.book.reservations().map(({ address }) => address),
    wired: [...site.host.attachments.values()].map(({ address }) => address),
  };
}

/** @returns what it was killed after; `undefined` when it lived to the end. */
async function play(world: World, killAt: number): Promise<string | undefined> {
  const node = await world.newNode();
  let isArmed = false;
  const first = node.start(undefined, { killAt, isFatal: () => isArmed });
  await world.settle(first.ready);
  await world.clock.advance(20_000);
  isArmed = true;

  /** Until it succeeds, as a runtime does; a daemon that dies is followed by another. */
  const insist = async (command: string) => {
    for (let tries = 0; tries < 5; tries++) {
      const reply = await world.settle(askPlugin(node, command, 'web', MULTI));
      if (reply?.exitCode === 0) return reply.stdout;
      if (node.daemon.fate.isDead) await world.settle(node.start().ready);
      if (command === 'ADD') await insist('DEL');
    }
    throw new Error(`${command} does not succeed`);
  };

  const { ips } = JSON.parse(await insist('ADD'));
  const addresses = ips.map(({ address }: { address: string }) => address.replace('/32', ''));
  expect(accountsOf(node)).toEqual({ saved: addresses, held: addresses, wired: addresses });
  await insist('DEL');
  expect(accountsOf(node)).toEqual({ saved: [], held: [], wired: [] });
  return first.fate.isDead ? (first.fate.moments.at(-1) ?? 'the start') : undefined;
}

test('is whole or gone, and nothing of it stays', async () => {
  const after: string[] = [];
  for (let killAt = 0; ; killAt++) {
    const world = await createWorld({ environment: ENVIRONMENT, instanceType: 'c6in.32xlarge' });
    try {
      const moment = await play(world, killAt);
      if (moment === undefined) break;
      after.push(moment);
    } finally {
      await world.close();
    }
  }
  expect(after.filter((moment) => moment === 'kernel set up pod').length).toBeGreaterThan(0);
  expect(after.filter((moment) => moment.startsWith('disk')).length).toBeGreaterThan(10);
});
