import { expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { Link } from '../netlink/link.ts';
import { awaitLink } from './await-link.ts';

const eth1: Link = {
  index: 3,
  name: 'eth1',
  mac: '0a:11:22:33:44:01',
  mtuBytes: 1500,
  isUp: false,
  hasCarrier: false,
  group: 0,
  kind: '',
};

function hotPlug(appearsAtMs: number) {
  const clock = createFakeClock(0);
  let lookups = 0;
  const links = {
    findByMac: async () => {
      lookups += 1;
      return clock.nowMs() >= appearsAtMs ? eth1 : undefined;
    },
  };
  return { clock, links, lookups: () => lookups };
}

test('a link that is there is found at once', async () => {
  const { clock, links, lookups } = hotPlug(0);
  expect(await awaitLink(links, eth1.mac, { clock, waitMs: 15_000 })).toBe(eth1);
  expect(lookups()).toBe(1);
});

test('a link that is plugged in later is found soon after', async () => {
  const { clock, links, lookups } = hotPlug(3_000);
  const found = awaitLink(links, eth1.mac, { clock, waitMs: 15_000 });
  for (let ms = 0; ms < 3_300; ms += 50) await clock.advance(50);
  expect(await found).toBe(eth1);
  expect(lookups()).toBeLessThan(20);
});

test('a link that never comes is named after the longest wait', async () => {
  const { clock, links } = hotPlug(Number.POSITIVE_INFINITY);
  const found = awaitLink(links, eth1.mac, { clock, waitMs: 1_000 });
  const refused = expect(found).rejects.toMatchObject({
    code: 'link-not-found',
    facts: { mac: eth1.mac, waitMs: 1_000 },
  });
  for (let ms = 0; ms < 1_500; ms += 50) await clock.advance(50);
  await refused;
});

test('waiting ends when it is aborted', async () => {
  const { clock, links } = hotPlug(Number.POSITIVE_INFINITY);
  const controller = new AbortController();
  const found = awaitLink(links, eth1.mac, { clock, waitMs: 1_000, signal: controller.signal });
  const refused = expect(found).rejects.toThrow('shutting down');
  controller.abort(new Error('shutting down'));
  await refused;
});
