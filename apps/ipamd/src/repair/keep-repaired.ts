import type { DesiredNode, HostNetwork } from '@vpc-cni/host-network';
import type { Context } from '../context.ts';
import { noteDrift } from './drift.ts';

/**
 * Undoes, once an interval, what somebody else has changed of the host, its ENIs and its pods; each change
 * is logged and counted. What cannot be repaired is logged when that is new.
 *
 * Runs until the daemon ends.
 */
export async function keepRepaired(
  context: Pick<Context, 'config' | 'clock' | 'log' | 'metrics' | 'signal'>,
  {
    network,
    desired,
  }: {
    readonly network: Pick<HostNetwork, 'repair'>;
    /** What the node should be now. */
    readonly desired: () => DesiredNode;
  },
): Promise<void> {
  const { config, clock, log, signal } = context;
  let troubles: ReadonlyMap<string, string> = new Map();

  async function pass(): Promise<void> {
    const node = desired();
    const { repairs, failures } = await network.repair(node);
    for (const { object, changes } of repairs) {
      noteDrift(context, kindOf(object, node), changes, { repaired: object });
    }
    const known = troubles;
    troubles = new Map(failures.map(({ object, error }) => [object, String(error)]));
    for (const { object, error } of failures) {
      if (known.get(object) === String(error)) continue;
      log.warn({ object, err: error }, 'networking cannot be repaired, trying again');
    }
  }

  for (;;) {
    await clock.sleep(config.repairIntervalMs, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      await pass();
    } catch (error) {
      log.warn({ err: error }, 'networking cannot be looked at, trying again');
    }
  }
}

const kindOf = (object: string, { enis }: DesiredNode): 'host' | 'eni' | 'pod' => {
  if (object === 'host') return 'host';
  return enis.some(({ mac }) => mac === object) ? 'eni' : 'pod';
};
