import { HostNetworkError } from '../host-network-error.ts';
import type { Link } from '../netlink/link.ts';
import type { Links } from '../netlink/links.ts';
import type { Clock } from './clock.ts';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

export interface AwaitLinkOptions {
  readonly clock: Clock;
  /** Longest wait in milliseconds. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/**
 * The link with that MAC, as soon as the kernel shows it: an ENI appears some time after EC2 says attached.
 *
 * @throws {HostNetworkError} `link-not-found` after the longest wait.
 */
export async function awaitLink(
  links: Pick<Links, 'findByMac'>,
  mac: string,
  { clock, waitMs, signal }: AwaitLinkOptions,
): Promise<Link> {
  const untilMs = clock.nowMs() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const link = await links.findByMac(mac);
    if (link !== undefined) return link;
    if (clock.nowMs() >= untilMs) {
      throw new HostNetworkError(
        'link-not-found',
        `looking for the link with MAC ${mac}: none within ${waitMs} ms; is the ENI attached to this instance?`,
        { facts: { mac, waitMs } },
      );
    }
    await clock.sleep(pauseMs, signal === undefined ? {} : { signal });
  }
}
