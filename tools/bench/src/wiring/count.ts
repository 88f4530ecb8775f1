import type { HostNetwork } from '@vpc-cni/host-network';
import { rounded } from '../statistics.ts';
import { countSyscalls } from './count-syscalls.ts';
import type { WiringPod } from './pods.ts';

/** What one pod asks of the kernel; system calls are undefined where they cannot be counted. */
export interface Counts {
  readonly setUpRequests: number;
  readonly tearDownRequests: number;
  readonly setUpSyscalls: number | undefined;
  readonly tearDownSyscalls: number | undefined;
}

/** Per pod, all threads, the deletion of links and the flows of the address included. */
export async function count(
  network: HostNetwork,
  pods: readonly WiringPod[],
  requestCount: () => number,
): Promise<Counts> {
  const setUpAll = async () => {
    for (const { attachment } of pods) await network.setUpPod(attachment);
  };
  const tearDownAll = async () => {
    for (const { attachment } of pods) await network.tearDownPod(attachment);
    await network.settled();
  };
  const perPod = (total: number | undefined) =>
    total === undefined ? undefined : rounded(total / pods.length);
  const before = requestCount();
  const setUpSyscalls = await countSyscalls(setUpAll);
  if (setUpSyscalls === undefined) await setUpAll();
  const between = requestCount();
  const tearDownSyscalls = await countSyscalls(tearDownAll);
  if (tearDownSyscalls === undefined) await tearDownAll();
  return {
    setUpRequests: rounded((between - before) / pods.length),
    tearDownRequests: rounded((requestCount() - between) / pods.length),
    setUpSyscalls: perPod(setUpSyscalls),
    tearDownSyscalls: perPod(tearDownSyscalls),
  };
}
