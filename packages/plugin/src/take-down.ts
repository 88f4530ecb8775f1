import { wiringError } from './cni-error-table.ts';
import type { NetConf } from './net-conf.ts';
import { forgetPolicies } from './network-policies.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { AttachmentKey, RememberedPod } from './ports.ts';
import { interfaceOf } from './wiring-of.ts';

/**
 * Takes the wiring of an attachment down, then releases its address; in this order, so that an address
 * is free only once no rule of its former pod is left. Then the network policy agent is told.
 *
 * One that is not known is released all the same: the last attempt may have failed to write that down.
 */
export async function takeDown(
  ports: Pick<PluginPorts, 'addresses' | 'wiring' | 'queue' | 'policies'>,
  key: AttachmentKey,
  {
    conf,
    netnsPath,
    remembered,
  }: {
    readonly conf: NetConf;
    readonly netnsPath: string;
    /** Of the runtime's memory, if it has any. */
    readonly remembered?: RememberedPod | undefined;
  },
): Promise<void> {
  const { addresses, wiring, queue } = ports;
  const known = await addresses.find(key);
  const held =
    known ?? (remembered === undefined ? undefined : await addresses.identify(key, remembered));
  if (held !== undefined) {
    const pod = interfaceOf(held, conf, netnsPath);
    await queue
      .wire(pod, () => wiring.tearDown(pod))
      .catch((error: unknown) => {
        throw wiringError(error, `take down ${key.interfaceName} of ${key.containerId}`);
      });
  }
  await addresses.release(key);
  // Not of what the runtime alone remembers: it does so for every DEL, and without an agent each of them would fail.
  if (known !== undefined) await forgetPolicies(ports, known, key.networkName);
}
