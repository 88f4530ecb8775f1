import type { Ipv4Address } from './ipv4.ts';

/** The host name that EC2 derives from an address. */
export const privateDnsName = (
  { region }: { readonly region: string },
  address: Ipv4Address,
): string => {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`;
  return `ip-${address.replaceAll('.', '-')}.${domain}`;
};
