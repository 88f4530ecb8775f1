import { expect, test } from '@jest/globals';
import { type AddressPort, createAttachmentQueue } from '@vpc-cni/plugin';
import { addressesInTurn } from './addresses-in-turn.ts';

// What the processes of a stand-alone plugin do to each other, through the daemon.

const keyOf = (containerId: string) => ({
  networkName: 'aws-cni',
  containerId,
  interfaceName: 'eth0',
});
const pod = { podNamespace: 'default', podName: 'sample-pod' };
const { signal } = new AbortController();

/** Lets what was begun reach the address book. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An address book without addresses: whoever asks waits. */
function fullBook() {
  const log: string[] = [];
  const addresses: AddressPort = {
    reserve: (key, _pod, { signal: until }) =>
      new Promise((_, reject) => {
        log.push(`reserve ${key.containerId}`);
        until.addEventListener('abort', () => {
          log.push(`${key.containerId} waits no more`);
          reject(until.reason);
        });
      }),
    find: async () => [],
    identify: async () => [],
    release: async ({ containerId }) => {
      log.push(`release ${containerId}`);
    },
    list: async () => [],
  };
  return { log, addresses: addressesInTurn(addresses, createAttachmentQueue()) };
}

test('a DEL ends the ADD that waits for an address, and is done after it', async () => {
  const { addresses, log } = fullBook();
  const adding = addresses.reserve(keyOf('a'), pod, { signal });
  await turn();
  await addresses.release(keyOf('a'));
  await expect(adding).rejects.toMatchObject({ code: 103 });
  expect(log).toEqual(['reserve a', 'a waits no more', 'release a']);
});

test('the ADD of a pod’s next sandbox ends that of the one before', async () => {
  const { addresses, log } = fullBook();
  const before = addresses.reserve(keyOf('a'), pod, { signal });
  await turn();
  const patience = new AbortController();
  const next = addresses.reserve(keyOf('b'), pod, { signal: patience.signal });
  await expect(before).rejects.toMatchObject({ code: 103 });
  await turn();
  patience.abort(new Error('the caller hung up'));
  await expect(next).rejects.toThrow('the caller hung up');
  expect(log).toEqual(['reserve a', 'a waits no more', 'reserve b', 'b waits no more']);
});
