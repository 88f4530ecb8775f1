import { EC2_ACTIONS } from './ec2-actions.ts';
import type { Ec2Operation, Ec2Request } from './ports.ts';

/** A call of the port for an error that is not EC2's: in words, and as facts. */
export function describeCall(operation: Ec2Operation, request: Ec2Request) {
  const action = EC2_ACTIONS[operation];
  const eniId = eniIdIn(request);
  return eniId === undefined
    ? { doing: `calling ec2:${action}`, facts: { action } }
    : { doing: `calling ec2:${action} for ${eniId}`, facts: { action, eniId } };
}

function eniIdIn(request: Ec2Request): string | undefined {
  if (typeof request === 'string') {
    return request.startsWith('eni-') ? request : undefined;
  }
  return 'eniId' in request ? request.eniId : undefined;
}
