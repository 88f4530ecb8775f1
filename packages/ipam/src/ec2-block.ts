import type { IpAddress } from './ip-address.ts';
import type { IpPrefix } from './ip-prefix.ts';

/** What EC2 assigns and takes back as one: an address or a prefix. */
export type Ec2Block = IpAddress | IpPrefix;
