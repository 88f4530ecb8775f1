import { isHostNetworkError } from '../host-network-error.ts';

// Somebody else may change a rule between our reading and our writing; a second look settles it.
const ATTEMPTS = 3;

/**
 * Reads and writes tables of the packet filter, again when it was refused.
 *
 * @throws {HostNetworkError} what the last attempt was refused for; at once anything but `iptables-failed`.
 */
export async function settleRaces<T>(readAndWrite: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readAndWrite();
    } catch (error) {
      const isRace = isHostNetworkError(error) && error.code === 'iptables-failed';
      if (!isRace || attempt === ATTEMPTS) throw error;
    }
  }
}
