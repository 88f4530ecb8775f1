import { MAIN_TABLE } from '../netlink/route.ts';

export interface EniPlace {
  readonly networkCardIndex: number;
  readonly deviceNumber: number;
}

/**
 * The route table of an ENI: main for the primary one, device number + 1 on network card 0,
 * 10000 + 100 × card + device number elsewhere (as amazon-ec2-net-utils numbers them).
 */
export function routeTableId({ networkCardIndex, deviceNumber }: EniPlace): number {
  if (networkCardIndex > 0) return 10_000 + 100 * networkCardIndex + deviceNumber;
  return deviceNumber === 0 ? MAIN_TABLE : deviceNumber + 1;
}
