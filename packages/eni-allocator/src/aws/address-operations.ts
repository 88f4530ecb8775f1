import { parseIpv4Address, parseIpv4Prefix, parseIpv6Prefix } from '../ec2-ids.ts';
import type { Ec2NetworkPort } from '../ports.ts';
import { required } from './decode-eni.ts';
import type { Perform } from './perform.ts';

type AddressOperations = Pick<
  Ec2NetworkPort,
  | 'assignAddresses'
  | 'unassignAddresses'
  | 'assignPrefixes'
  | 'unassignPrefixes'
  | 'assignIpv6Prefixes'
  | 'unassignIpv6Prefixes'
>;

/** An assignment is not repeated, because it might then be carried out twice. */
const ASK_THE_ENI = 'it may have been carried out: describe the ENI before the next try';

/** The addresses and prefixes on an ENI: assign, unassign. */
export const addressOperations = (perform: Perform): AddressOperations => ({
  assignAddresses({ eniId, count }, options = {}) {
    const call = {
      action: 'AssignPrivateIpAddresses',
      doing: `assigning ${count} addresses to ${eniId}`,
      facts: { eniId, count },
      ifUnanswered: ASK_THE_ENI,
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: eniId,
        SecondaryPrivateIpAddressCount: count,
      });
      const answer = await client.send(command, http);
      const assigned = required('AssignedPrivateIpAddresses', answer.AssignedPrivateIpAddresses);
      return assigned.map(({ PrivateIpAddress }) =>
        parseIpv4Address(required('PrivateIpAddress', PrivateIpAddress)),
      );
    });
  },

  unassignAddresses({ eniId, addresses }, options = {}) {
    const call = {
      action: 'UnassignPrivateIpAddresses',
      doing: `unassigning ${addresses.length} addresses from ${eniId}`,
      facts: { eniId, count: addresses.length },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.UnassignPrivateIpAddressesCommand({
        NetworkInterfaceId: eniId,
        PrivateIpAddresses: [...addresses],
      });
      await client.send(command, http);
    });
  },

  assignPrefixes({ eniId, count }, options = {}) {
    const call = {
      action: 'AssignPrivateIpAddresses',
      doing: `assigning ${count} prefixes to ${eniId}`,
      facts: { eniId, count },
      ifUnanswered: ASK_THE_ENI,
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: eniId,
        Ipv4PrefixCount: count,
      });
      const answer = await client.send(command, http);
      const assigned = required('AssignedIpv4Prefixes', answer.AssignedIpv4Prefixes);
      return assigned.map(({ Ipv4Prefix }) => parseIpv4Prefix(required('Ipv4Prefix', Ipv4Prefix)));
    });
  },

  unassignPrefixes({ eniId, prefixes }, options = {}) {
    const call = {
      action: 'UnassignPrivateIpAddresses',
      doing: `unassigning ${prefixes.length} prefixes from ${eniId}`,
      facts: { eniId, count: prefixes.length },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.UnassignPrivateIpAddressesCommand({
        NetworkInterfaceId: eniId,
        Ipv4Prefixes: [...prefixes],
      });
      await client.send(command, http);
    });
  },

  assignIpv6Prefixes({ eniId, count }, options = {}) {
    const call = {
      action: 'AssignIpv6Addresses',
      doing: `assigning ${count} IPv6 prefixes to ${eniId}`,
      facts: { eniId, count },
      ifUnanswered: ASK_THE_ENI,
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.AssignIpv6AddressesCommand({
        NetworkInterfaceId: eniId,
        Ipv6PrefixCount: count,
      });
      const answer = await client.send(command, http);
      return required('AssignedIpv6Prefixes', answer.AssignedIpv6Prefixes).map(parseIpv6Prefix);
    });
  },

  unassignIpv6Prefixes({ eniId, prefixes }, options = {}) {
    const call = {
      action: 'UnassignIpv6Addresses',
      doing: `unassigning ${prefixes.length} IPv6 prefixes from ${eniId}`,
      facts: { eniId, count: prefixes.length },
    };
    return perform(call, options, async (client, sdk, http) => {
      const command = new sdk.UnassignIpv6AddressesCommand({
        NetworkInterfaceId: eniId,
        Ipv6Prefixes: [...prefixes],
      });
      await client.send(command, http);
    });
  },
});
