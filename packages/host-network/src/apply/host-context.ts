import type { Netlink } from '../netlink/netlink.ts';
import type { RequestObserver } from '../netlink/netlink-socket.ts';
import type { AddressForgetter } from './address-forgetter.ts';
import type { Crowd } from './crowd.ts';
import type { Asks } from './gather-asks.ts';
import type { LinkSweeper } from './link-sweeper.ts';
import type { Observer } from './observe.ts';

/** What the operations on pods share. */
export interface HostContext {
  readonly host: Netlink;
  /** Where the host is asked many things in one go, and for many pods. */
  readonly hostAsks: Asks;
  /** For who only looks; shared by those who do so at once. */
  readonly observerOfHost: () => Promise<Observer>;
  /** Open file descriptor of the host's namespace, where the host ends of veth pairs are born. */
  readonly hostNetnsFd: number;
  readonly sweeper: LinkSweeper;
  readonly forgetter: AddressForgetter;
  readonly observe: RequestObserver;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly crowd: Pick<Crowd, 'where'>;
}
