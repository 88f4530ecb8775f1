import type { Ipv4Cidr } from './setting.ts';

/** Reads an IPv4 network; host bits are cleared, as `10.1.2.3/16` means `10.1.0.0/16`. */
export function parseIpv4Cidr(text: string): Ipv4Cidr | undefined {
  const [, address = '', lengthText = ''] =
    /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? [];
  const octets = address.split('.').map(Number);
  const length = Number(lengthText);
  if (lengthText === '' || length > 32 || octets.some((octet) => octet > 255)) return undefined;
  const network = octets.map((octet, index) => {
    const hostBits = Math.min(8, Math.max(0, 8 * (index + 1) - length));
    return (octet >> hostBits) << hostBits;
  });
  return `${network.join('.')}/${length}` as Ipv4Cidr;
}
