import type { AddressPort, HeldAddress, ReserveReply } from '@vpc-cni/plugin';
import { askDaemon } from './ask-daemon.ts';
import { awayError, awayRefusal } from './daemon-away.ts';

/**
 * The daemon's address book, over its socket.
 *
 * A daemon that cannot be asked refuses reservations, as one that is starting does; the other methods
 * reject with a CNI error 11, so that the runtime tries again.
 */
export function createDaemonAddresses(socketPath: string): AddressPort {
  const ask = (method: string, body: unknown, signal?: AbortSignal) =>
    askDaemon(socketPath, `/v1/addresses/${method}`, body, signal);
  const insist = async <T>(method: string, body: unknown) => {
    try {
      return (await ask(method, body)) as T; // daemon and plugin are of one release
    } catch (error) {
      throw awayError(error);
    }
  };
  return {
    reserve: async (key, pod, { signal, podUid, onEveryCard }) => {
      try {
        return (await ask('reserve', { key, pod, podUid, onEveryCard }, signal)) as ReserveReply;
      } catch (error) {
        return awayRefusal(error);
      }
    },
    find: (key) => insist<readonly HeldAddress[]>('find', { key }),
    identify: (key, remembered) => insist<readonly HeldAddress[]>('identify', { key, remembered }),
    release: async (key) => {
      await insist('release', { key });
    },
    list: (networkName) => insist<readonly HeldAddress[]>('list', { networkName }),
  };
}
