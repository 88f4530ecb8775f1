import { expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import {
  address,
  COOLDOWN_MS,
  codeOf,
  eni,
  FIRST_ENI,
  fill,
  key,
  START_MS,
} from './book-fixture.ts';
import { mergeCheckpoints } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';

/** ENI 0 with a held address, a free one, one promised to EC2, and a prefix; ENI 1 is excluded. */
function usedBook(): AddressBook {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  fill(book, 3);
  book.addEni({ ...eni(1), role: 'excluded' });
  book.reserve(key('a'), {}, START_MS);
  book.addPrefix(FIRST_ENI, '10.0.0.32/28');
  book.addPrefix(FIRST_ENI, '10.0.0.48/28');
  book.drain(FIRST_ENI, [address(0, 12), '10.0.0.48/28']);
  return book;
}

const remembered = [
  {
    eniId: 'eni-0',
    deviceNumber: 0,
    networkCardIndex: 0,
    role: 'ordinary',
    blocks: [address(0, 10), address(0, 11), '10.0.0.32/28'],
  },
  { eniId: 'eni-1', deviceNumber: 1, networkCardIndex: 0, role: 'excluded', blocks: [] },
];

test('the checkpoint remembers the ENIs, without what was promised to EC2', () => {
  const text = encodeCheckpoint(usedBook().toCheckpoint());
  expect(decodeCheckpoint(text).enis).toEqual(remembered);
});

test('a checkpoint of others remembers none', () => {
  const text = '{"version":"vpc-cni-ipam/1","allocations":[]}';
  expect(decodeCheckpoint(text)).not.toHaveProperty('enis');
});

test('the files of several cards tell of each ENI once', () => {
  const checkpoint = usedBook().toCheckpoint();
  expect(mergeCheckpoints([checkpoint, checkpoint]).enis).toEqual(remembered);
});

const withEnis = (enis: unknown) =>
  JSON.stringify({ version: 'vpc-cni-ipam/1', allocations: [], enis });

test('a role of a later release is closed to new pods', () => {
  const [first] = remembered;
  const text = withEnis([{ ...first, role: 'quantum' }]);
  expect(decodeCheckpoint(text).enis).toEqual([{ ...first, role: 'excluded' }]);
});

test.each([
  ['no list', {}],
  ['an ENI without an id', [{ ...remembered[0], eniId: undefined }]],
  ['a slot that is no number', [{ ...remembered[0], deviceNumber: 'one' }]],
  ['a block that is none', [{ ...remembered[0], blocks: ['10.0.0.0/24'] }]],
])('%s is a garbled checkpoint', (_, enis) => {
  expect(codeOf(() => decodeCheckpoint(withEnis(enis)))).toBe('checkpoint-garbled');
});
