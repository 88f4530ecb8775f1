import { expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { Link } from '../netlink/link.ts';
import type { LinkEvent } from '../netlink/link-watch.ts';
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

/** A kernel whose links come and go when the test says so. */
function createFakeLinks() {
  const present: Link[] = [];
  let onEvent: ((event: LinkEvent) => void) | undefined;
  let lookups = 0;
  return {
    present,
    findByMac: async (mac: string) => {
      lookups += 1;
      return present.find((link) => link.mac === mac.toLowerCase());
    },
    watch: (listener: (event: LinkEvent) => void) => {
      onEvent = listener;
      return {
        close: () => {
          onEvent = undefined;
        },
        ended: Promise.resolve(),
      };
    },
    tell: (event: LinkEvent) => onEvent?.(event),
    isWatched: () => onEvent !== undefined,
    lookups: () => lookups,
  };
}

const turn = () => new Promise(setImmediate);

function start(options: { readonly signal?: AbortSignal } = {}) {
  const clock = createFakeClock(0);
  const links = createFakeLinks();
  const found = awaitLink(links, '0A:11:22:33:44:01', { clock, waitMs: 15_000, ...options });
  return { clock, links, found };
}

test('a link that is there is found at once, without subscription', async () => {
  const links = createFakeLinks();
  links.present.push(eth1);
  const options = { clock: createFakeClock(0), waitMs: 15_000 };
  const found = awaitLink(links, eth1.mac, options);
  expect(await found).toBe(eth1);
  expect(links.lookups()).toBe(1);
  expect(links.isWatched()).toBe(false);
});

test.each(['appeared', 'changed'] as const)(
  'a link that %s with that MAC is found by its event',
  async (kind) => {
    const { links, found } = start();
    await turn();
    links.tell({ kind: 'appeared', link: { ...eth1, mac: '0a:11:22:33:44:99' } });
    links.tell({ kind: 'vanished', link: eth1 });
    await turn();
    expect(links.isWatched()).toBe(true);
    const lookups = links.lookups();
    links.tell({ kind, link: { ...eth1, name: 'ens6' } });
    expect(await found).toMatchObject({ name: 'ens6' });
    expect(links.lookups()).toBe(lookups);
    expect(links.isWatched()).toBe(false);
  },
);

test('a link that came between the first look and the subscription is found', async () => {
  const { links, found } = start();
  links.present.push(eth1);
  expect(await found).toBe(eth1);
  expect(links.lookups()).toBe(2);
});

test('a link whose event was lost is found', async () => {
  const { links, found } = start();
  await turn();
  links.present.push(eth1);
  links.tell({ kind: 'resync' });
  expect(await found).toBe(eth1);
});

test('a link that is not there is not waited for when there is no time', async () => {
  const links = createFakeLinks();
  const found = awaitLink(links, eth1.mac, { clock: createFakeClock(0), waitMs: 0 });
  await expect(found).rejects.toMatchObject({ code: 'link-not-found' });
  expect(links.isWatched()).toBe(false);
  expect(links.lookups()).toBe(1);
});

test('a link that never comes is named after the longest wait', async () => {
  const { clock, links, found } = start();
  const refused = expect(found).rejects.toMatchObject({
    code: 'link-not-found',
    facts: { mac: '0A:11:22:33:44:01', waitMs: 15_000 },
  });
  await turn();
  await clock.advance(15_000);
  await refused;
  expect(links.isWatched()).toBe(false);
});

test('waiting ends when it is aborted', async () => {
  const controller = new AbortController();
  const { links, found } = start({ signal: controller.signal });
  const refused = expect(found).rejects.toThrow('shutting down');
  await turn();
  controller.abort(new Error('shutting down'));
  await refused;
  expect(links.isWatched()).toBe(false);
});
