import type { IpFamily } from '../ip.ts';
import { addressFromMessage, addressMessage, addressText, type LinkAddress } from './address.ts';
import {
  decodeAddressMessage,
  encodeAddressMessage,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from './address-message.ts';
import type { Channel } from './channel.ts';
import { familyNumber } from './family.ts';
import { HOST_ORDER } from './host-order.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';

/** The addresses of one network namespace. Refusals are `kernel-refused` errors, naming the errno. */
export class Addresses {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** EEXIST when the link already has it. */
  add(address: LinkAddress, linkIndex: number): void {
    this.#channel.exchange(addressAddition(address, linkIndex));
  }

  replace(address: LinkAddress, linkIndex: number): void {
    const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    this.#channel.exchange(addressRequest(RTM_NEWADDR, flags, 'replace', address, linkIndex));
  }

  /** EADDRNOTAVAIL when the link does not have it. */
  delete(address: LinkAddress, linkIndex: number): void {
    this.#channel.exchange(addressDeletion(address, linkIndex));
  }

  /**
   * The addresses of a link in one family, by a dump off the JavaScript thread that the kernel filters. Of
   * one link's addresses the kernel does not say that they changed meanwhile; the first 49 are of one moment.
   */
  list(linkIndex: number, family: IpFamily = 'ipv4'): Promise<LinkAddress[]> {
    const message = {
      family: familyNumber(family),
      prefixLength: 0,
      flags: 0,
      scope: 0,
      linkIndex,
      otherAttributes: [],
    };
    const request = {
      type: RTM_GETADDR,
      flags: 0,
      payload: encodeAddressMessage(message, HOST_ORDER),
      operation: 'list',
      object: () => `addresses of link #${linkIndex}`,
    };
    return this.#channel.list(request, (payload) => {
      const entry = decodeAddressMessage(payload, HOST_ORDER);
      return entry.linkIndex === linkIndex ? addressFromMessage(entry) : undefined;
    });
  }
}

export const addressAddition = (address: LinkAddress, linkIndex: number): NetlinkRequest => {
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return addressRequest(RTM_NEWADDR, flags, 'add', address, linkIndex);
};

export const addressDeletion = (address: LinkAddress, linkIndex: number): NetlinkRequest =>
  addressRequest(RTM_DELADDR, NLM_F_ACK, 'delete', address, linkIndex);

const addressRequest = (
  type: number,
  flags: number,
  verb: string,
  address: LinkAddress,
  linkIndex: number,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeAddressMessage(addressMessage(address, linkIndex), HOST_ORDER),
  operation: `${verb} address`,
  object: () => addressText(address),
});
