import { expect, test } from '@jest/globals';
import type { Ec2Block, EniSnapshot, Ipv4Address } from '@vpc-cni/ipam';
import { type Correction, correctionOf } from './correction.ts';
import { createFakeNode, primaryOf } from './fake-node.ts';
import type { Caution } from './intent-keeper.ts';

const CALM: Caution = { isRecent: false, isUncertain: false, isPromised: () => false };
const promising = (...blocks: readonly Ec2Block[]): Caution => ({
  ...CALM,
  isRecent: true,
  isPromised: (block) => blocks.includes(block),
});

const FREE = '10.0.0.2';
const HELD = '10.0.0.3';
const DRAINING = '10.0.0.4';
const NEW = '10.0.0.9';

/** The primary ENI as the book has it: one address free, one held by a pod, one promised to EC2. */
async function eniInTheBook(): Promise<EniSnapshot> {
  const node = createFakeNode();
  node.ec2.set('eni-0', { ...primaryOf(node), secondaryAddresses: [FREE, HELD, DRAINING] });
  await node.controller.adopt();
  node.book.drain('eni-0', [FREE, DRAINING]);
  node.book.reserve({ networkName: 'n', containerId: 'c', interfaceName: 'i' }, {}, 0);
  node.book.undrain('eni-0', [FREE]);
  const [eni] = node.book.enis(0);
  if (eni === undefined) throw new Error('no ENI');
  return eni;
}

const cases: readonly {
  readonly name: string;
  readonly assigned: readonly Ipv4Address[];
  readonly caution?: Caution;
  readonly expected: Partial<Correction>;
}[] = [
  {
    name: 'keeps what was to be given back and is still there',
    assigned: [FREE, HELD, DRAINING],
    expected: { kept: [DRAINING] },
  },
  {
    name: 'tells what is gone from what is gone and held',
    assigned: [],
    expected: { removed: [FREE, DRAINING], stranded: [HELD] },
  },
  {
    name: 'adds what somebody assigned',
    assigned: [FREE, HELD, NEW],
    expected: { added: [NEW], removed: [DRAINING] },
  },
  {
    name: 'takes nothing for gone, and nothing for kept, soon after a change',
    assigned: [DRAINING],
    caution: promising(),
    expected: {},
  },
  {
    name: 'adds what EC2 shows soon after a change',
    assigned: [NEW],
    caution: promising(),
    expected: { added: [NEW] },
  },
  {
    name: 'does not add what was promised to EC2',
    assigned: [NEW, '10.0.0.10'],
    caution: promising(NEW),
    expected: { added: ['10.0.0.10'] },
  },
];

test.each(cases)('$name', async ({ assigned, caution = CALM, expected }) => {
  const eni = await eniInTheBook();
  const truth = { ...eni, secondaryAddresses: assigned, prefixes: [], isManaged: true };
  expect(correctionOf(eni, truth, caution)).toEqual({
    eniId: 'eni-0',
    added: [],
    removed: [],
    stranded: [],
    kept: [],
    ...expected,
  });
});
