import { describe, expect, test } from '@jest/globals';
import { eniKind, eniManagement, type UnmanagedReason } from './eni-management.ts';

const instanceId = 'i-1';
const NO_MANAGE = 'node.k8s.amazonaws.com/no_manage';
const INSTANCE = 'node.k8s.amazonaws.com/instance_id';

interface Row {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** With `MANAGE_UNTAGGED_ENI=true`, the default, and with `false`. */
  readonly untaggedManaged: 'managed' | UnmanagedReason;
  readonly untaggedIgnored: 'managed' | UnmanagedReason;
}

// The reference implementation's rules, v1.23.1.
const rows: readonly Row[] = [
  {
    name: 'no_manage=true',
    tags: { [NO_MANAGE]: 'true' },
    untaggedManaged: 'no-manage-tag',
    untaggedIgnored: 'no-manage-tag',
  },
  {
    name: 'no_manage=true, created for this instance',
    tags: { [NO_MANAGE]: 'true', [INSTANCE]: instanceId },
    untaggedManaged: 'no-manage-tag',
    untaggedIgnored: 'no-manage-tag',
  },
  ...['false', 'True', ' true', ''].map((value) => ({
    name: `no_manage=${JSON.stringify(value)}`,
    tags: { [NO_MANAGE]: value },
    untaggedManaged: 'managed' as const,
    untaggedIgnored: 'managed' as const,
  })),
  {
    name: 'no_manage=false, created for another instance',
    tags: { [NO_MANAGE]: 'false', [INSTANCE]: 'i-2' },
    untaggedManaged: 'managed',
    untaggedIgnored: 'managed',
  },
  {
    name: 'created for this instance',
    tags: { [INSTANCE]: instanceId },
    untaggedManaged: 'managed',
    untaggedIgnored: 'managed',
  },
  {
    name: 'created for another instance',
    tags: { [INSTANCE]: 'i-2' },
    untaggedManaged: 'managed',
    untaggedIgnored: 'other-instance',
  },
  {
    name: 'neither tag',
    tags: { team: 'net' },
    untaggedManaged: 'managed',
    untaggedIgnored: 'untagged',
  },
  { name: 'no tags at all', tags: {}, untaggedManaged: 'managed', untaggedIgnored: 'untagged' },
];

const wordOf = (
  tags: Row['tags'],
  { interfaceType = 'interface', managesUntagged = true, isPrimary = false },
) => {
  const context = { instanceId, managesUntagged, isPrimary } as const;
  const management = eniManagement({ tags, interfaceType }, context);
  return management.kind === 'managed' ? 'managed' : management.reason;
};

describe('eniManagement', () => {
  test.each(rows)('$name: $untaggedManaged, or $untaggedIgnored', (row) => {
    const { tags, untaggedManaged, untaggedIgnored } = row;
    expect(wordOf(tags, {})).toBe(untaggedManaged);
    expect(wordOf(tags, { managesUntagged: false })).toBe(untaggedIgnored);
  });

  test.each(rows)('$name: the primary ENI is managed all the same', ({ tags }) => {
    for (const managesUntagged of [true, false]) {
      expect(wordOf(tags, { isPrimary: true, managesUntagged })).toBe('managed');
    }
  });

  test.each(rows)('$name: an efa-only ENI is not managed, for that or for its tags', (row) => {
    const { tags, untaggedIgnored } = row;
    const word = wordOf(tags, { managesUntagged: false, interfaceType: 'efa-only' });
    expect(word).toBe(untaggedIgnored === 'managed' ? 'efa-only' : untaggedIgnored);
  });

  test.each(['trunk', 'efa'])('an ENI of the type %s goes by its tags', (interfaceType) => {
    expect(wordOf({}, { interfaceType })).toBe('managed');
    expect(wordOf({}, { interfaceType, managesUntagged: false })).toBe('untagged');
  });
});

test.each([
  ['interface', 'standard'],
  ['trunk', 'trunk'],
  ['efa', 'efa'],
  ['efa-only', 'efa-only'],
  ['something newer', 'standard'],
])('an ENI that EC2 calls %s is %s', (interfaceType, kind) => {
  expect(eniKind({ interfaceType })).toBe(kind);
});
