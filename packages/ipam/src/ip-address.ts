import { type Ipv4Address, isIpv4Address } from './ipv4-address.ts';
import { type Ipv6Address, isIpv6Address } from './ipv6-address.ts';

/** An address of either family, in its one canonical spelling. */
export type IpAddress = Ipv4Address | Ipv6Address;

/** Tells whether a text is an address of either family in canonical spelling. */
export const isIpAddress = (text: string): text is IpAddress =>
  isIpv4Address(text) || isIpv6Address(text);

/** An address under the name of its family, as a checkpoint has it. */
export const byFamily = (
  address: IpAddress,
): { readonly ipv4: Ipv4Address } | { readonly ipv6: Ipv6Address } =>
  isOfIpv6(address) ? { ipv6: address } : { ipv4: address };

/** The address that was given by the name of its family. */
export const ofEitherFamily = ({
  ipv4,
  ipv6,
}: {
  readonly ipv4?: Ipv4Address;
  readonly ipv6?: Ipv6Address;
}): IpAddress | undefined => ipv4 ?? ipv6;

/** Tells the families apart, of what is known to be an address. */
export const isOfIpv6 = (address: IpAddress): address is Ipv6Address => address.includes(':');
