import { macBytes, macText } from '../mac-address.ts';
import { IFF_LOWER_UP, IFF_UP, type LinkMessage } from './link-message.ts';

/** A network device as the kernel describes it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Lower case; empty for devices without hardware address. */
  readonly mac: string;
  readonly mtuBytes: number;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
  readonly group: number;
  /** For example `veth`; empty for hardware. */
  readonly kind: string;
  /** Index of a veth's other end, in the namespace of that end. */
  readonly peerIndex?: number;
  /** Index of the link that a VLAN, or another link on top of one, belongs to. */
  readonly parentIndex?: number;
  readonly vlanId?: number;
  /** Set when the other end is in another namespace. */
  readonly peerNetnsId?: number;
}

/** True for the two ends of a veth pair, each read in its own namespace. */
export const areEndsOfOneLink = (a: Link, b: Link): boolean =>
  a.peerIndex === b.index && b.peerIndex === a.index;

/** How a request names a link. */
export type LinkSelector = { readonly name: string } | { readonly index: number };

/** What may be changed of a link; absent members stay as they are. */
export interface LinkChange {
  readonly isUp?: boolean;
  readonly mtuBytes?: number;
  readonly mac?: string;
  readonly group?: number;
  /** A new name; the link must then be selected by index. */
  readonly name?: string;
}

/** A veth pair to create. */
export interface VethPair extends VethEnd {
  readonly peer: VethEnd;
}

/** One end of it. */
export interface VethEnd {
  readonly name: string;
  /** Default: false. */
  readonly isUp?: boolean;
  /** Default: drawn by the kernel. */
  readonly mac?: string;
  readonly mtuBytes: number;
  readonly transmitQueueLength: number;
  /** Open file descriptor of the namespace the end is born in. Default: that of the socket. */
  readonly netnsFd?: number;
}

/** A link of one end to create. */
export interface NewLink {
  readonly name: string;
  readonly isUp: boolean;
  /** Default: drawn by the kernel; for a VLAN, that of its parent. */
  readonly mac?: string;
  /** Default: the kernel's. */
  readonly mtuBytes?: number;
}

/** A VLAN on top of another link. */
export interface NewVlan extends NewLink {
  readonly parentIndex: number;
  /** 1 to 4094. */
  readonly vlanId: number;
}

const AF_UNSPEC = 0;
const blank = {
  family: AF_UNSPEC,
  deviceType: 0,
  index: 0,
  flags: 0,
  changeMask: 0,
  otherAttributes: [],
} as const satisfies LinkMessage;

export function linkFromMessage(message: LinkMessage): Link {
  return {
    index: message.index,
    name: message.name ?? '',
    mac: macText(message.macBytes ?? new Uint8Array(0)),
    mtuBytes: message.mtuBytes ?? 0,
    isUp: (message.flags & IFF_UP) !== 0,
    hasCarrier: (message.flags & IFF_LOWER_UP) !== 0,
    group: message.group ?? 0,
    kind: message.info?.kind ?? '',
    ...otherLinkOf(message),
    ...(message.info?.vlan === undefined ? {} : { vlanId: message.info.vlan.id }),
    ...(message.peerNetnsId === undefined ? {} : { peerNetnsId: message.peerNetnsId }),
  };
}

/** IFLA_LINK in the words of the link's kind. */
function otherLinkOf({ linkedIndex, info }: LinkMessage): Pick<Link, 'peerIndex' | 'parentIndex'> {
  if (linkedIndex === undefined) return {};
  return info?.kind === 'veth' ? { peerIndex: linkedIndex } : { parentIndex: linkedIndex };
}

export const selectLink = (selector: LinkSelector): LinkMessage => ({ ...blank, ...selector });

export function changedLink(selector: LinkSelector, change: LinkChange): LinkMessage {
  if (change.name !== undefined && 'name' in selector) {
    throw new TypeError('a link that gets a new name must be selected by index');
  }
  return {
    ...selectLink(selector),
    ...(change.isUp === undefined ? {} : { flags: change.isUp ? IFF_UP : 0, changeMask: IFF_UP }),
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.mtuBytes === undefined ? {} : { mtuBytes: change.mtuBytes }),
    ...(change.mac === undefined ? {} : { macBytes: macBytes(change.mac) }),
    ...(change.group === undefined ? {} : { group: change.group }),
  };
}

/**
 * The kernel makes a veth with a queue for each processor there may ever be, then turns all but one off, which
 * costs a third of the link's creation. Only who adds queues later, for XDP, would miss them.
 */
const ONE_QUEUE = { transmitQueueCount: 1, receiveQueueCount: 1 } as const;

export const newVethPair = ({ peer, ...near }: VethPair): LinkMessage => ({
  ...newVethEnd(near),
  info: { kind: 'veth', vethPeer: newVethEnd(peer), otherAttributes: [] },
});

const newVethEnd = ({ mac, isUp = false, ...end }: VethEnd): LinkMessage => ({
  ...blank,
  ...ONE_QUEUE,
  ...end,
  flags: isUp ? IFF_UP : 0,
  changeMask: IFF_UP,
  ...(mac === undefined ? {} : { macBytes: macBytes(mac) }),
});

export const newDummy = (link: NewLink): LinkMessage => ({
  ...newLink(link),
  info: { kind: 'dummy', otherAttributes: [] },
});

export function newVlan(link: NewVlan): LinkMessage {
  const { parentIndex, vlanId } = link;
  if (!Number.isInteger(vlanId) || vlanId < 1 || vlanId > 4094) {
    throw new TypeError(`a VLAN id from 1 to 4094 was expected, not ${vlanId}`);
  }
  return {
    ...newLink(link),
    linkedIndex: parentIndex,
    info: { kind: 'vlan', vlan: { id: vlanId, otherAttributes: [] }, otherAttributes: [] },
  };
}

const newLink = ({ name, isUp, mac, mtuBytes }: NewLink): LinkMessage => ({
  ...blank,
  ...(isUp ? { flags: IFF_UP, changeMask: IFF_UP } : {}),
  name,
  ...(mac === undefined ? {} : { macBytes: macBytes(mac) }),
  ...(mtuBytes === undefined ? {} : { mtuBytes }),
});

export const linkGroup = (group: number): LinkMessage => ({ ...blank, group });

/** How messages name a link. */
export const linkText = (selector: LinkSelector): string =>
  'name' in selector ? selector.name : `#${selector.index}`;
