import type { CallOptions, Ec2NetworkPort, Ec2Operation, Ec2Request } from './ports.ts';

/** Carries out one call of the port, in its own way: later, again, observed … */
export type AroundCall = <T>(
  operation: Ec2Operation,
  call: (options: CallOptions) => Promise<T>,
  options: CallOptions,
  request: Ec2Request,
) => Promise<T>;

/**
 * A port whose every call goes through `around`; the way all wrappers of this package are made.
 */
export function aroundEachCall(port: Ec2NetworkPort, around: AroundCall): Ec2NetworkPort {
  const wrap =
    <Operation extends Ec2Operation>(operation: Operation) =>
    (request: Parameters<Ec2NetworkPort[Operation]>[0], options: CallOptions = {}) =>
      around(
        operation,
        // A method and its own request: the union of methods is narrowed to one by `Operation`.
        (passed) => (port[operation] as Method<Operation>).call(port, request, passed),
        options,
        request,
      );
  return {
    createEni: wrap('createEni'),
    attachEni: wrap('attachEni'),
    setDeleteOnTermination: wrap('setDeleteOnTermination'),
    setSecurityGroups: wrap('setSecurityGroups'),
    assignAddresses: wrap('assignAddresses'),
    unassignAddresses: wrap('unassignAddresses'),
    assignPrefixes: wrap('assignPrefixes'),
    unassignPrefixes: wrap('unassignPrefixes'),
    assignIpv6Prefixes: wrap('assignIpv6Prefixes'),
    unassignIpv6Prefixes: wrap('unassignIpv6Prefixes'),
    detachEni: wrap('detachEni'),
    deleteEni: wrap('deleteEni'),
    describeEnis: wrap('describeEnis'),
    describeUsedDeviceIndexes: wrap('describeUsedDeviceIndexes'),
    describeInstanceLimits: wrap('describeInstanceLimits'),
    describeSubnets: wrap('describeSubnets'),
    createTags: wrap('createTags'),
  };
}

type Method<Operation extends Ec2Operation> = (
  request: Parameters<Ec2NetworkPort[Operation]>[0],
  options: CallOptions,
) => Promise<Awaited<ReturnType<Ec2NetworkPort[Operation]>>>;
