import {
  AssignIpv6Addresses$,
  type AssignIpv6AddressesRequest,
  type AssignIpv6AddressesResult,
  AssignPrivateIpAddresses$,
  type AssignPrivateIpAddressesRequest,
  type AssignPrivateIpAddressesResult,
  UnassignIpv6Addresses$,
  type UnassignIpv6AddressesRequest,
  type UnassignIpv6AddressesResult,
  UnassignPrivateIpAddresses$,
  type UnassignPrivateIpAddressesRequest,
} from '@aws-sdk/client-ec2';
import { Ec2Error, missing, required } from '../cloud/ec2-error.ts';
import type { EniRecord } from '../cloud/eni.ts';
import {
  addToEni,
  assignAddresses,
  releaseToSubnet,
  unassignAddresses,
} from '../cloud/eni-addresses.ts';
import {
  addIpv6ToEni,
  assignIpv6,
  releaseIpv6,
  unassignIpv6,
} from '../cloud/eni-ipv6-addresses.ts';
import { supportsPrefixes } from '../cloud/instance-types.ts';
import { ipv4Number } from '../cloud/ipv4.ts';
import { type OperationContext, operation } from './operation.ts';

export const assignPrivateIpAddresses = operation<
  AssignPrivateIpAddressesRequest,
  AssignPrivateIpAddressesResult
>(AssignPrivateIpAddresses$, async (input, context) => {
  const { cloud } = context;
  const eni = cloud.enis.get(required(input.NetworkInterfaceId, 'networkInterfaceId'));
  const instance = cloud.instanceOf(eni);
  const wantsPrefixes = input.Ipv4PrefixCount !== undefined || input.Ipv4Prefixes?.length;
  if (wantsPrefixes && instance !== undefined && !supportsPrefixes(instance.type)) {
    throw new Ec2Error(
      'UnsupportedOperation',
      `The instance type ${instance.type.instanceType} does not support prefixes.`,
    );
  }
  const losers = input.AllowReassignment ? takeFromOthers(input, eni, context) : [];
  const given = assignAddresses(
    eni,
    cloud.subnetOf(eni),
    {
      addresses: input.PrivateIpAddresses,
      addressCount: input.SecondaryPrivateIpAddressCount,
      prefixes: input.Ipv4Prefixes,
      prefixCount: input.Ipv4PrefixCount,
    },
    cloud.enis.slotLimit(instance),
  );
  for (const loser of losers) {
    await inFabric(loser, context, () => {});
  }
  await inFabric(eni, context, () => {
    releaseToSubnet(cloud.subnetOf(eni), unassignAddresses(eni, given));
  });
  return {
    NetworkInterfaceId: eni.eniId,
    AssignedPrivateIpAddresses: given.addresses.map((PrivateIpAddress) => ({ PrivateIpAddress })),
    AssignedIpv4Prefixes: given.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
  };
});

export const unassignPrivateIpAddresses = operation<UnassignPrivateIpAddressesRequest, object>(
  UnassignPrivateIpAddresses$,
  async (input, context) => {
    const eni = context.cloud.enis.get(required(input.NetworkInterfaceId, 'networkInterfaceId'));
    const addresses = input.PrivateIpAddresses ?? [];
    const prefixes = input.Ipv4Prefixes ?? [];
    if (addresses.length + prefixes.length === 0) {
      throw missing('privateIpAddress');
    }
    const gone = unassignAddresses(eni, { addresses, prefixes });
    // The subnet gets them back only when no packet can reach the ENI under them any more.
    await inFabric(eni, context, () => addToEni(eni, gone));
    releaseToSubnet(context.cloud.subnetOf(eni), gone);
    return {};
  },
);

export const assignIpv6Addresses = operation<AssignIpv6AddressesRequest, AssignIpv6AddressesResult>(
  AssignIpv6Addresses$,
  async (input, context) => {
    const { cloud } = context;
    const eni = cloud.enis.get(required(input.NetworkInterfaceId, 'networkInterfaceId'));
    const request = {
      addresses: input.Ipv6Addresses,
      addressCount: input.Ipv6AddressCount,
      prefixes: input.Ipv6Prefixes,
      prefixCount: input.Ipv6PrefixCount,
    };
    const slotLimit = cloud.enis.slotLimit(cloud.instanceOf(eni));
    const given = assignIpv6(eni, cloud.subnetOf(eni), request, slotLimit);
    await inFabric(eni, context, () => {
      releaseIpv6(cloud.subnetOf(eni), unassignIpv6(eni, given));
    });
    return {
      NetworkInterfaceId: eni.eniId,
      AssignedIpv6Addresses: [...given.addresses],
      AssignedIpv6Prefixes: [...given.prefixes],
    };
  },
);

export const unassignIpv6Addresses = operation<
  UnassignIpv6AddressesRequest,
  UnassignIpv6AddressesResult
>(UnassignIpv6Addresses$, async (input, context) => {
  const { cloud } = context;
  const eni = cloud.enis.get(required(input.NetworkInterfaceId, 'networkInterfaceId'));
  const addresses = input.Ipv6Addresses ?? [];
  const prefixes = input.Ipv6Prefixes ?? [];
  if (addresses.length + prefixes.length === 0) {
    throw missing('ipv6Addresses');
  }
  const gone = unassignIpv6(eni, { addresses, prefixes });
  await inFabric(eni, context, () => addIpv6ToEni(eni, gone));
  releaseIpv6(cloud.subnetOf(eni), gone);
  return {
    NetworkInterfaceId: eni.eniId,
    UnassignedIpv6Addresses: [...gone.addresses],
    UnassignedIpv6Prefixes: [...gone.prefixes],
  };
});

/** `AllowReassignment`: secondary addresses that other ENIs of the subnet hold move over. */
function takeFromOthers(
  input: AssignPrivateIpAddressesRequest,
  eni: EniRecord,
  { cloud }: OperationContext,
): readonly EniRecord[] {
  const subnet = cloud.subnetOf(eni);
  const losers = new Set<EniRecord>();
  for (const address of input.PrivateIpAddresses ?? []) {
    const ownerId = subnet.addresses.ownerOf(ipv4Number(address) ?? -1);
    const owner = ownerId === undefined ? undefined : cloud.enis.get(ownerId);
    if (
      owner !== undefined &&
      owner !== eni &&
      owner.secondaryAddresses.includes(address as never)
    ) {
      releaseToSubnet(subnet, unassignAddresses(owner, { addresses: [address], prefixes: [] }));
      losers.add(owner);
    }
  }
  return [...losers];
}

/** Brings the fabric up to date, or undoes the change and says so. */
async function inFabric(
  eni: EniRecord,
  { wiring }: OperationContext,
  undo: () => void,
): Promise<void> {
  try {
    await wiring.sync(eni);
  } catch (cause) {
    undo();
    throw new Ec2Error('InternalError', `The fabric could not follow a change of ${eni.eniId}.`, {
      cause,
    });
  }
}
