import koffi from 'koffi';

/**
 * The few calls Node.js has no name for. Everything else on a netlink socket is `fs` on its file descriptor.
 *
 * They are looked up, when first used, among what is already loaded into the process: so glibc and musl
 * both work, and the pure parts of this package load on systems that have none of them.
 */
function nativeCall<Arguments extends readonly unknown[]>(prototype: string) {
  let call: ((...values: Arguments) => number) | undefined;
  return (...values: Arguments): number => {
    call ??= koffi.load(null).func(prototype) as (...values: Arguments) => number; // the prototype says so
    return call(...values);
  };
}

export const socket = nativeCall<[domain: number, type: number, protocol: number]>(
  'int socket(int, int, int)',
);
export const bind = nativeCall<[fd: number, address: Uint8Array, length: number]>(
  'int bind(int, const uint8_t *, uint32_t)',
);
export const setsockopt = nativeCall<
  [fd: number, level: number, name: number, value: Uint8Array, length: number]
>('int setsockopt(int, int, int, const uint8_t *, uint32_t)');
export const setns = nativeCall<[fd: number, kind: number]>('int setns(int, int)');
export const unshare = nativeCall<[flags: number]>('int unshare(int)');

/** The calling thread's errno; only meaningful right after one of the calls above returned -1. */
export const lastErrno = (): number => koffi.errno();

// <linux/sched.h>
export const CLONE_NEWNET = 0x40000000;
