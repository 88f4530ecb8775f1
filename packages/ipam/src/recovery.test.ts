import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook } from './address-book.ts';
import { recoveredKey } from './attachment-key.ts';
import { COOLDOWN_MS, eni, key, reserved, START_MS } from './book-fixture.ts';
import { encodeCheckpoint } from './checkpoint-codec.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { type RecoveryEvidence, recover } from './recovery.ts';

const A = '10.0.0.10';
const B = '10.0.0.11';
const C = '10.0.0.33'; // of the prefix
const PREFIX = '10.0.0.32/28';
const ON_CARD_1 = '10.0.1.10';

/** One ENI on each of two cards. */
const ASSIGNED: RecoveryEvidence['enis'] = [
  { networkCardIndex: 0, addresses: [A, B], prefixes: [PREFIX] },
  { networkCardIndex: 1, addresses: [ON_CARD_1], prefixes: [] },
];

const newBook = () => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  for (const [number, { networkCardIndex, addresses, prefixes }] of ASSIGNED.entries()) {
    book.addEni(eni(number, networkCardIndex));
    for (const address of addresses) book.addAddress(`eni-${number}`, address);
    for (const prefix of prefixes) book.addPrefix(`eni-${number}`, prefix);
  }
  return book;
};

/** The files of a process whose pods p and q hold A and, on card 1, the address there. */
const goodFiles = (): RecoveryEvidence['files'] => {
  const book = newBook();
  reserved(book, 'p');
  book.reserve(key('q'), {}, START_MS, { networkCardIndex: 1 });
  return [0, 1].map((networkCardIndex) => ({
    networkCardIndex,
    text: encodeCheckpoint(book.toCheckpoint(), { networkCardIndex }),
  }));
};

const only = (text: string | undefined): RecoveryEvidence['files'] => [
  { networkCardIndex: 0, text },
];

const evidence = (parts: Partial<RecoveryEvidence>): RecoveryEvidence => ({
  files: [],
  podRules: [],
  enis: ASSIGNED,
  nowMs: START_MS,
  ...parts,
});

const rules = (...addresses: readonly Ipv4Address[]) => addresses.map((address) => ({ address }));

/** The book of the next process. */
const rebuilt = (parts: Partial<RecoveryEvidence>) => {
  const book = newBook();
  const outcome = book.restore(recover(evidence(parts)).checkpoint, START_MS);
  return { book, ...outcome };
};

describe('a checkpoint that can be read', () => {
  test('is believed, from the files of all cards', () => {
    const found = recover(evidence({ files: goodFiles(), podRules: rules(A, ON_CARD_1) }));
    expect(found).toMatchObject({
      kind: 'checkpoint',
      unreadable: [],
      recovered: [],
      strayAddresses: [],
    });
    expect(
      found.checkpoint.allocations.map(({ ipv4, networkCardIndex }) => [ipv4, networkCardIndex]),
    ).toEqual([
      [A, 0],
      [ON_CARD_1, 1],
    ]);
  });

  test('is believed rather than a rule that a pod of the past has left', () => {
    const found = recover(evidence({ files: goodFiles(), podRules: rules(A, B) }));
    expect(found).toMatchObject({ kind: 'checkpoint', recovered: [], strayAddresses: [B] });
  });
});

test('no file and no pod is a fresh node', () => {
  expect(recover(evidence({ files: only(undefined) }))).toEqual({
    kind: 'fresh',
    checkpoint: { allocations: [], recentReleases: [], intents: [] },
    unreadable: [],
    recovered: [],
    strayAddresses: [],
  });
});

const good = goodFiles()[0]?.text ?? '';
const corpus: readonly { readonly name: string; readonly text: string; readonly code: string }[] = [
  { name: 'empty', text: '', code: 'checkpoint-garbled' },
  { name: 'cut short', text: good.slice(0, -20), code: 'checkpoint-garbled' },
  { name: 'zeroes', text: '\0'.repeat(512), code: 'checkpoint-garbled' },
  { name: 'foreign', text: '{"apiVersion":"v1"}', code: 'checkpoint-version' },
  { name: 'newer', text: good.replace('ipam/1', 'ipam/2'), code: 'checkpoint-version' },
  { name: 'another type', text: '[]', code: 'checkpoint-garbled' },
  { name: 'nested without end', text: '['.repeat(100_000), code: 'checkpoint-garbled' },
];

describe.each(corpus)('a file that is $name', ({ text, code }) => {
  test('is named, and what the kernel leads to pods is held', () => {
    const podRules = rules(A, C);
    expect(recover(evidence({ files: only(text), podRules }))).toMatchObject({
      kind: 'rebuilt',
      unreadable: [{ networkCardIndex: 0, error: { code } }],
      recovered: [{ ipv4: A }, { ipv4: C }],
    });
    const { book, restored } = rebuilt({ files: only(text), podRules });
    expect(restored.map(({ address }) => address)).toEqual([A, C]);
    expect(book.statistics(START_MS)).toMatchObject({ reservedCount: 2 });
  });
});

describe('what is rebuilt', () => {
  const lost = only('garbage');

  test('lets all other addresses cool: nobody remembers when they were released', () => {
    const { book } = rebuilt({ files: lost, podRules: rules(A) });
    expect(reserved(book, 'x', START_MS + COOLDOWN_MS - 1)).toBe('exhausted');
    expect(reserved(book, 'x', START_MS + COOLDOWN_MS)).not.toBe('exhausted');
  });

  test('is all there is when the file was deleted under running pods', () => {
    const { files, podRules } = { files: only(undefined), podRules: rules(B) };
    expect(recover(evidence({ files, podRules }))).toMatchObject({
      kind: 'rebuilt',
      unreadable: [],
      recovered: [{ ipv4: B }],
    });
  });

  test('is only what the unreadable file had', () => {
    const files = goodFiles().map(({ networkCardIndex, text }) => ({
      networkCardIndex,
      text: networkCardIndex === 1 ? 'garbage' : text,
    }));
    const found = recover(evidence({ files, podRules: rules(A, B, ON_CARD_1) }));
    expect(found).toMatchObject({
      kind: 'rebuilt',
      unreadable: [{ networkCardIndex: 1 }],
      recovered: [{ ipv4: ON_CARD_1, networkCardIndex: 1 }],
      strayAddresses: [B],
    });
    expect(found.checkpoint.recentReleases).toEqual([]);
  });

  test('holds an address that no ENI has yet, stranded', () => {
    const { stranded } = rebuilt({ files: lost, podRules: rules('10.9.9.9') });
    expect(stranded).toMatchObject([{ address: '10.9.9.9' }]);
  });

  test("takes a pod's key from the runtime, by its address or by its host veth", () => {
    const { book } = rebuilt({
      files: lost,
      podRules: [{ address: A }, { address: C, hostLinkName: 'eni0123456789a' }],
      sandboxes: [
        {
          containerId: 'web',
          hostLinkName: 'eni0123456789a',
          networkName: 'aws-cni',
          interfaceName: 'eth0',
          podNamespace: 'default',
          podName: 'web-0',
        },
        { containerId: 'db', address: A, networkName: 'aws-cni', interfaceName: 'eth0' },
      ],
    });
    expect(book.find(key('web'))).toMatchObject({
      address: C,
      metadata: { podNamespace: 'default', podName: 'web-0' },
    });
    expect(book.release(key('db'), START_MS)).toMatchObject({ address: A });
  });

  test('is found by a DEL of the container when the runtime does not tell the network', () => {
    const { book } = rebuilt({
      files: lost,
      podRules: rules(A),
      sandboxes: [{ containerId: 'web', address: A }],
    });
    expect(book.find(key('web'))).toMatchObject({ address: A });
    expect(book.releaseAll(key('web'), START_MS)).toMatchObject([{ address: A }]);
    expect(book.reservations()).toEqual([]);
  });

  test('is held under its address when nobody knows the pod', () => {
    const { book } = rebuilt({ files: lost, podRules: rules(A) });
    expect(book.releaseAll(key('web'), START_MS)).toEqual([]);
    expect(book.release(recoveredKey(A), START_MS)).toMatchObject({ address: A });
  });

  test('holds the addresses of sandboxes without a rule, if they are of this node', () => {
    const sandboxes = [
      { containerId: 'web', address: B },
      { containerId: 'host-network', address: '10.0.0.1' },
    ] as const;
    expect(recover(evidence({ files: lost, sandboxes })).recovered).toMatchObject([{ ipv4: B }]);
  });

  test('holds both addresses when two rules lead to one pod', () => {
    const { book, dropped } = rebuilt({
      files: lost,
      podRules: [
        { address: A, hostLinkName: 'eni1' },
        { address: B, hostLinkName: 'eni1' },
      ],
      sandboxes: [{ containerId: 'web', hostLinkName: 'eni1' }],
    });
    expect(dropped).toEqual([]);
    expect(book.reservations().map(({ address }) => address)).toEqual([A, B]);
  });
});

describe('identifying a recovered pod', () => {
  const web = { key: key('web'), metadata: { podName: 'web-0' } };
  const lost = only('garbage');

  test.each([
    { name: 'an address of this node', address: A },
    { name: 'an address that no ENI has', address: '10.9.9.9' },
  ] as const)('gives $name its real key', ({ address }) => {
    const { book } = rebuilt({ files: lost, podRules: rules(address) });
    const heard: unknown[] = [];
    book.subscribe((event) => heard.push(event));
    const reservation = book.identify(address, web);
    expect(reservation).toMatchObject({ ...web, address, reservedAtMs: START_MS });
    expect(heard).toEqual([{ kind: 'identified', reservation }]);
    expect(book.find(key('web'))).toBe(reservation);
    expect(book.toCheckpoint().allocations).toMatchObject([{ ...web, ipv4: address }]);
    expect(book.reservations()).toHaveLength(1);
    expect(book.releaseAll(key('web'), START_MS)).toHaveLength(1);
  });

  test('changes nothing when the address is not held that way, or the pod holds another', () => {
    const { book } = rebuilt({ files: lost, podRules: rules(A, C) });
    book.identify(A, web);
    expect(book.identify(A, { ...web, key: key('other') })).toBeUndefined();
    expect(book.identify(C, web)).toBeUndefined();
    expect(book.find(key('web'))).toMatchObject({ address: A });
    expect(book.find(recoveredKey(C))).toMatchObject({ address: C });
  });
});

test('whatever the files hold, no address that a rule leads to can be given to another pod', () => {
  const anyText = fc.oneof(
    fc.constant(undefined),
    fc.string(),
    fc.json(),
    fc.nat({ max: good.length }).map((length) => good.slice(0, length)),
    fc
      .tuple(fc.nat({ max: good.length }), fc.string({ maxLength: 3 }))
      .map(([at, noise]) => good.slice(0, at) + noise + good.slice(at + noise.length)),
  );
  fc.assert(
    fc.property(anyText, fc.subarray([A, B, C] as const), (text, addresses) => {
      const parts = { files: only(text), podRules: rules(...addresses) };
      const { kind } = recover(evidence(parts));
      const { book } = rebuilt(parts);
      if (kind === 'checkpoint') return;
      const later = START_MS + COOLDOWN_MS;
      const given = Array.from({ length: 20 }, (_, n) => reserved(book, `new-${n}`, later));
      for (const address of addresses) expect(given).not.toContain(address);
    }),
  );
});
