import {
  type AddressPort,
  type PolicyFailure,
  type PolicyPort,
  type Refusal,
  refusalError,
  type WiringPort,
} from '@vpc-cni/plugin';

/** Ports of a daemon that is not ready: whatever is asked of them is refused with the current reason. */
export function refusingPorts(refusal: () => Refusal) {
  const refuse = () => Promise.reject(refusalError(refusal()));
  const addresses: AddressPort = {
    reserve: async () => refusal(),
    find: refuse,
    identify: refuse,
    release: refuse,
    list: refuse,
  };
  const wiring: WiringPort = { setUp: refuse, tearDown: refuse, check: refuse };
  const away = async (): Promise<PolicyFailure> => ({
    reason: 'agent-away',
    message: refusal().message,
  });
  const policies: PolicyPort = { enforce: away, forget: away };
  return { addresses, wiring, readiness: { refusal }, policies };
}
