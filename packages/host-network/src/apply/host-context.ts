import type { Netlink } from '../netlink/netlink.ts';
import type { LinkSweeper } from './link-sweeper.ts';

/** What the operations on pods share. */
export interface HostContext {
  readonly host: Netlink;
  /** Open file descriptor of the host's namespace, where the host ends of veth pairs are born. */
  readonly hostNetnsFd: number;
  readonly sweeper: LinkSweeper;
  readonly randomBytes: (count: number) => Uint8Array;
}
