import { Addresses } from './addresses.ts';
import { type Channel, type ChannelOptions, openChannel } from './channel.ts';
import { Links } from './links.ts';
import { Neighbours } from './neighbours.ts';
import { Routes } from './routes.ts';
import { Rules } from './rules.ts';

/** The networking of one network namespace, as the kernel holds it. */
export interface Netlink {
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly rules: Rules;
  readonly neighbours: Neighbours;
  /** @internal Any request; undefined when it was refused as expected. */
  readonly attempt: Channel['attempt'];
  /** Closes the sockets, after any request still queued. Calling it again does nothing. */
  close(): void;
}

/**
 * Opens a network namespace for reading and changing. It stays open wherever the thread goes later.
 *
 * Changes are synchronous and take some 10 to 100 µs; what may block (deleting links, listing) returns
 * a promise and runs on libuv's thread pool.
 *
 * @throws {HostNetworkError} `netns-not-found` when there is no namespace at the path.
 */
export function openNetlink(options: ChannelOptions = {}): Netlink {
  const channel = openChannel(options);
  return {
    links: new Links(channel),
    addresses: new Addresses(channel),
    routes: new Routes(channel),
    rules: new Rules(channel),
    neighbours: new Neighbours(channel),
    attempt: channel.attempt,
    close: () => channel.close(),
  };
}
