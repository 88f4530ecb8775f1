import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { writeSysctl } from './sysctl.ts';

// What a container without the right manifest meets, from the kernel itself.

let host: TestHost;

beforeEach(() => {
  host = createTestHost();
});

afterEach(() => host.close());

test('a read-only /proc/sys is named, with what to do', () => {
  const sysctl = { key: 'net/ipv4/ip_forward', value: '1', isOptional: true };
  host.sh('mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys');
  try {
    expect(() => writeSysctl(sysctl)).toThrow(
      expect.objectContaining({
        code: 'sysctl-refused',
        message: expect.stringMatching(
          /writing 1 to \/proc\/sys\/net\/ipv4\/ip_forward: EROFS.*; mount \/proc\/sys writable/,
        ),
        facts: {
          operation: 'write',
          object: '/proc/sys/net/ipv4/ip_forward',
          value: '1',
          errno: 'EROFS',
          reason: 'read-only file system',
          remedy: 'mount /proc/sys writable',
        },
      }),
    );
  } finally {
    host.sh('umount /proc/sys');
  }
  writeSysctl(sysctl);
});

test('a missing capability is named, with what to do', () => {
  const netlink = new URL('../netlink/netlink.ts', import.meta.url).href;
  // In a user namespace of its own a process has no rights over the network namespace it came from.
  const program = `
    const { openNetlink } = await import('${netlink}');
    try { openNetlink().rules.ensure({ priority: 512, to: '10.0.40.77', tableId: 254 }); }
    catch ({ code, facts }) { console.log(JSON.stringify({ code, facts })); }`;
  const words = ['--user', process.execPath, '--input-type=module', '-e', program];
  expect(JSON.parse(execFileSync('unshare', words, { encoding: 'utf8' }))).toEqual({
    code: 'kernel-refused',
    facts: {
      errno: 'EPERM',
      operation: 'add rule',
      object: '512: from all to 10.0.40.77 lookup main',
      reason: 'operation not permitted',
      remedy: 'NET_ADMIN is needed in the namespace',
    },
  });
});
