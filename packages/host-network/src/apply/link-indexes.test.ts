import { expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { Link } from '../netlink/link.ts';
import { createLinkIndexes } from './link-indexes.ts';

const MAC = '0a:11:22:33:44:02';

test('a link is looked for once, and again when its index is not its any more', async () => {
  let index = 7;
  let dumpCount = 0;
  const trunk = () => ({ index, mac: MAC }) as Link;
  const indexes = createLinkIndexes(
    {
      find: (selector) => ('index' in selector && selector.index === index ? trunk() : undefined),
      findByMac: async (mac) => {
        dumpCount += 1;
        return mac === MAC ? trunk() : undefined;
      },
      watch: () => {
        throw new Error('nothing is waited for');
      },
    },
    createFakeClock(),
  );
  expect([await indexes.find(MAC.toUpperCase()), await indexes.find(MAC)]).toEqual([7, 7]);
  expect(dumpCount).toBe(1);
  index = 9;
  expect(await indexes.find(MAC)).toBe(9);
  await expect(indexes.find('0a:11:22:33:44:99')).rejects.toMatchObject({ code: 'link-not-found' });
});
