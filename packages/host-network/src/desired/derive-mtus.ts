import type { IpFamily } from '../ip.ts';

/** What links of ENIs carry in a VPC, and the most there is. */
const JUMBO_MTU_BYTES = 9001;
/** Below it, IPv4 (RFC 791) or IPv6 (RFC 8200) do not work. */
const LEAST_MTU_BYTES = { ipv4: 576, ipv6: 1280 } as const;

export interface Mtus {
  /** Of the links of ENIs, the primary one included, and of branch ENIs. */
  readonly eniMtuBytes: number;
  /** Of both ends of pods' links. */
  readonly podMtuBytes: number;
}

/**
 * The MTUs of a node, from what an operator may have said (`AWS_VPC_ENI_MTU`, `POD_MTU`).
 *
 * A pod's is its ENI's unless told otherwise, and never more: larger packets would only come back as too big.
 *
 * @throws {TypeError} outside 576 to 9001 bytes, 1280 to 9001 in an IPv6 cluster.
 */
export function deriveMtus(wanted: Partial<Mtus> & { readonly family?: IpFamily } = {}): Mtus {
  const { family = 'ipv4', eniMtuBytes = JUMBO_MTU_BYTES } = wanted;
  const { podMtuBytes = eniMtuBytes } = wanted;
  requireMtu('eniMtuBytes', eniMtuBytes, family);
  requireMtu('podMtuBytes', podMtuBytes, family);
  return { eniMtuBytes, podMtuBytes: Math.min(podMtuBytes, eniMtuBytes) };
}

function requireMtu(name: keyof Mtus, bytes: number, family: IpFamily): void {
  const least = LEAST_MTU_BYTES[family];
  if (Number.isInteger(bytes) && bytes >= least && bytes <= JUMBO_MTU_BYTES) return;
  throw new TypeError(
    `${name} must be a whole number from ${least} to ${JUMBO_MTU_BYTES}, not ${bytes}`,
  );
}
