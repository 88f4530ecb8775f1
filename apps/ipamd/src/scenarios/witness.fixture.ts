import type { Emulator } from '@vpc-cni/aws-emulator';
import type { IpAddress } from '@vpc-cni/ipam';
import { isAssigned } from './ec2-view.fixture.ts';

/** Sees every address that is handed out, and what is wrong with it at that very moment. */
export interface Witness {
  readonly violations: readonly string[];
  handedOut(pod: Holder, address: IpAddress): void;
  /** The pod is gone; it may have held nothing. */
  released(pod: Holder): void;
}

interface Holder {
  readonly instanceId: string;
  readonly podName: string;
}

const nameOf = ({ instanceId, podName }: Holder) => `${podName} on ${instanceId}`;

/** @param cooldownMs the shortest rest of an address. */
export function createWitness(
  cloud: Emulator,
  clock: { nowMs(): number },
  cooldownMs: number,
): Witness {
  const holders = new Map<IpAddress, string>();
  const releasedAtMs = new Map<IpAddress, number>();
  const violations: string[] = [];

  return {
    violations,
    handedOut: (pod, address) => {
      const name = nameOf(pod);
      const holder = holders.get(address);
      if (holder !== undefined && holder !== name) {
        violations.push(`${name} got ${address}, which ${holder} has`);
      }
      const restedMs = clock.nowMs() - (releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY);
      if (holder !== name && restedMs < cooldownMs) {
        violations.push(`${name} got ${address} after a rest of ${restedMs} ms`);
      }
      if (!isAssigned(cloud, pod.instanceId, address)) {
        violations.push(`${name} got ${address}, which EC2 does not assign to its node`);
      }
      holders.set(address, name);
    },
    released: (pod) => {
      for (const [address, holder] of holders) {
        if (holder !== nameOf(pod)) continue;
        holders.delete(address);
        releasedAtMs.set(address, clock.nowMs());
      }
    },
  };
}
