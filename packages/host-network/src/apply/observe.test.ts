import { expect, jest, test } from '@jest/globals';
import type { NetworkDescription } from '../desired/network-description.ts';
import { parseIpv4Address } from '../ipv4.ts';
import type { Link } from '../netlink/link.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { createObserver } from './observe.ts';

// A rejection that nobody awaits ends the process, and with it the node's daemon.
test('a namespace that goes while it is looked at fails every question that was asked, and each is awaited', async () => {
  const gone = new Error('it is not a network namespace');
  const neighbours = Promise.withResolvers<never>();
  const awaited = jest.spyOn(neighbours.promise, 'then');
  const netlink = {
    links: { find: () => ({ index: 2, name: 'eth0' }) as Link },
    addresses: { list: async () => Promise.reject(gone) },
    neighbours: { list: () => neighbours.promise },
  } as unknown as Netlink;
  const address = parseIpv4Address('10.0.0.7');
  const description = {
    links: [{ name: 'eth0' }],
    sysctls: [],
    addresses: [{ linkName: 'eth0', address }],
    routes: [],
    rules: [],
    neighbours: [{ linkName: 'eth0', address }],
    claims: { addresses: [], routes: [], rules: [] },
  } as unknown as NetworkDescription;

  await expect(createObserver(netlink).observe(description)).rejects.toBe(gone);
  expect(awaited).toHaveBeenCalled();
  neighbours.reject(gone);
});
