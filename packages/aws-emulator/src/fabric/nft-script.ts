import { hopLimitGroup, IMDS_ADDRESS, MAX_HOP_LIMIT } from './fabric-plan.ts';

/** nft table in the fabric's namespace. Created exclusively, so a second fabric there is refused. */
export const FABRIC_TABLE = 'vpc-fabric';
const GATEWAY_TABLE = 'vpc-gateway';

// A route's `hoplimit` would reach every program that answers from the fabric, the EC2 endpoint too. Only replies of
// the metadata service are limited, so the limit is a property of the port they leave by: its link group. nft has no
// map to a TTL, hence one rule for each of the 64 limits that EC2 allows; packets of nobody else get there.

/** Script that limits the hops of metadata replies, as ModifyInstanceMetadataOptions describes. */
export function hopLimitScript(): string {
  const limits = Array.from({ length: MAX_HOP_LIMIT }, (_, index) => index + 1);
  return `
    create table ip ${FABRIC_TABLE}
    table ip ${FABRIC_TABLE} {
      chain hop-limits {
        ${limits.map((limit) => `meta oifgroup ${hopLimitGroup(limit)} ip ttl set ${limit}`).join('\n')}
      }
      chain metadata-replies {
        type filter hook output priority mangle; policy accept;
        ip saddr ${IMDS_ADDRESS} jump hop-limits
      }
    }`;
}

// What the gateways let pass is judged on public addresses: on the way out after translation, on the way in before it.
// An address that is not live there was never translated or is not mapped any more, which also ends the flows that
// connection tracking would go on translating.

/** Script of the internet gateway (1:1, mapped addresses only) and the NAT gateway (private subnets). */
export function gatewayScript(gateway: {
  readonly internetLink: string;
  readonly natGatewayAddress: string;
}): string {
  const { internetLink, natGatewayAddress } = gateway;
  return `
    table ip ${GATEWAY_TABLE} {
      set private-subnets { type ipv4_addr; flags interval; }
      set live { type ipv4_addr; elements = { ${natGatewayAddress} }; }
      map public-of { type ipv4_addr : ipv4_addr; }
      map private-of { type ipv4_addr : ipv4_addr; }
      chain arriving {
        type filter hook prerouting priority raw; policy accept;
        iifname "${internetLink}" ip daddr != @live drop
      }
      chain to-private {
        type nat hook prerouting priority dstnat; policy accept;
        dnat to ip daddr map @private-of
      }
      chain passing {
        type filter hook forward priority filter; policy accept;
        iifname "${internetLink}" ct state new ip daddr @private-subnets drop
      }
      chain to-public {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr @private-subnets snat to ${natGatewayAddress}
        snat to ip saddr map @public-of
      }
      chain leaving {
        type filter hook postrouting priority 200; policy accept;
        oifname "${internetLink}" ip saddr != @live drop
      }
    }`;
}

/** Script that puts a subnet behind the NAT gateway. */
export const privateSubnetScript = (cidr: string): string =>
  `add element ip ${GATEWAY_TABLE} private-subnets { ${cidr} }`;

/** Script that adds or deletes a 1:1 translation. */
export const publicMappingScript = (
  verb: 'add' | 'delete',
  {
    privateAddress,
    publicAddress,
  }: { readonly privateAddress: string; readonly publicAddress: string },
): string => `
    ${verb} element ip ${GATEWAY_TABLE} public-of { ${privateAddress} : ${publicAddress} }
    ${verb} element ip ${GATEWAY_TABLE} private-of { ${publicAddress} : ${privateAddress} }
    ${verb} element ip ${GATEWAY_TABLE} live { ${publicAddress} }`;
