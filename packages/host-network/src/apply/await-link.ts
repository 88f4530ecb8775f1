import { HostNetworkError } from '../host-network-error.ts';
import type { Link } from '../netlink/link.ts';
import type { Links } from '../netlink/links.ts';
import type { Clock } from './clock.ts';

export interface AwaitLinkOptions {
  readonly clock: Clock;
  /** Longest wait in milliseconds; 0 to look once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

type WatchedLinks = Pick<Links, 'findByMac' | 'watch'>;

/**
 * The link with that MAC, as soon as the kernel tells of it: an ENI appears some time after EC2 says
 * attached. Looks once, and subscribes to link events only when there is something to wait for.
 *
 * @throws {HostNetworkError} `link-not-found` after the longest wait.
 */
export async function awaitLink(
  links: WatchedLinks,
  mac: string,
  options: AwaitLinkOptions,
): Promise<Link> {
  options.signal?.throwIfAborted();
  const present = await links.findByMac(mac);
  if (present !== undefined) return present;
  if (options.waitMs <= 0) throw linkNotFound(mac, options.waitMs);
  return waitForLink(links, mac, options);
}

async function waitForLink(
  links: WatchedLinks,
  mac: string,
  { clock, waitMs, signal }: AwaitLinkOptions,
): Promise<Link> {
  const wanted = mac.toLowerCase();
  const found = Promise.withResolvers<Link>();
  const lookUp = () => {
    links.findByMac(mac).then((link) => {
      if (link !== undefined) found.resolve(link);
    }, found.reject);
  };
  const watch = links.watch((event) => {
    if (event.kind === 'resync') lookUp();
    else if (event.kind !== 'vanished' && event.link.mac === wanted) found.resolve(event.link);
  });
  watch.ended.catch(found.reject);
  lookUp(); // it may have come before the subscription

  const isOver = new AbortController();
  const ends = signal === undefined ? isOver.signal : AbortSignal.any([signal, isOver.signal]);
  const wait = clock.sleep(waitMs, { signal: ends }).then(() => {
    throw linkNotFound(mac, waitMs);
  });
  try {
    return await Promise.race([found.promise, wait]);
  } finally {
    isOver.abort();
    watch.close();
  }
}

const linkNotFound = (mac: string, waitMs: number) =>
  new HostNetworkError(
    'link-not-found',
    `looking for the link with MAC ${mac}: none within ${waitMs} ms; is the ENI attached to this instance?`,
    { facts: { mac, waitMs } },
  );
