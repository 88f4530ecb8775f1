import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addressesOf,
  type EniLink,
  type HostSettings,
  type PodAttachment,
} from '../desired/settings.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { expectedKernel, type KernelText, readKernel } from './kernel-text.fixture.ts';
import {
  Died,
  dyingAfter,
  dyingAtRequest,
  type MortalNetwork,
  type RemoteNetwork,
} from './mortal-network.fixture.ts';
import {
  anySteps,
  PodSequence,
  SANDBOXES_PER_SEQUENCE,
  type Step,
} from './pod-sequence.fixture.ts';

const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 1500,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
  egressAddress: '2600:1f14:aaa:bb00::10',
};
const eth1 = { mac: '0a:11:22:33:44:01', routeTableId: 2 };
const enis: readonly EniLink[] = [
  { ...eth1, primaryAddress: '10.0.41.20', subnetCidr: '10.0.32.0/19' },
  { ...eth1, primaryAddress: '2600:1f14:aaa:bb00::20', subnetCidr: '2600:1f14:aaa:bb00::/64' },
];
const facts = {
  primaryLinkName: 'eth0',
  isLocalRuleMoved: false,
  iptables: { backend: 'nf_tables', hasRandomFully: true },
} as const;

const SEQUENCES_AT_ONCE = 40;

let host: TestHost;
let vandal: Netlink;
let netnsPaths: readonly string[];
let before: KernelText;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: settings.primaryMac, address: '10.0.40.10/19' });
  host.addEni({ name: 'eth1', mac: eth1.mac });
  netnsPaths = host.addPodNetns(
    ...Array.from({ length: SEQUENCES_AT_ONCE * SANDBOXES_PER_SEQUENCE }, (_, n) => `p${n}`),
  );
  vandal = openNetlink();
  before = readKernel(host);
});

afterEach(() => {
  vandal.close();
  host.close();
});

/** A daemon's start, as far as wiring goes. Returns pods of the book that have no link any more. */
async function start(network: RemoteNetwork, book: readonly PodAttachment[]) {
  await network.setUpHost(settings);
  for (const eni of enis) await network.setUpEni(eni, settings);
  const linkNames = await network.linkNames();
  const lost = book.filter(({ hostLinkName }) => !linkNames.includes(hostLinkName));
  for (const address of lost.flatMap(addressesOf)) await network.tearDownPodRules(address);
  const routed = book.filter((pod) => pod.isEgress !== true && !lost.includes(pod));
  await network.routePods(
    routed.flatMap((pod) =>
      addressesOf(pod).map((address) => ({ address, routeTableId: pod.routeTableId })),
    ),
  );
  return lost;
}

/** Runs sequences beside each other, daemon after daemon, and compares the kernel with what they say. */
async function live(
  sequences: readonly PodSequence[],
  daemons: Iterator<MortalNetwork, MortalNetwork>,
): Promise<void> {
  const book = () => sequences.flatMap((sequence) => sequence.book);
  for (;;) {
    const { network, bury } = daemons.next().value;
    try {
      const lost = await start(network, book());
      expect(sequences.flatMap((sequence) => sequence.giveUp(lost))).toEqual([]);
      await all(sequences.map((sequence) => sequence.run(network)));
      await network.settled();
      await all(sequences.map((sequence) => sequence.check(network)));
      expect(readKernel(host)).toEqual(
        expectedKernel(before, { settings, enis, pods: book() }, facts),
      );
      await all(sequences.map((sequence) => sequence.empty(network)));
      await network.settled();
      expect(readKernel(host)).toEqual(expectedKernel(before, { settings, enis, pods: [] }, facts));
      for (const path of netnsPaths) expect(await linksIn(path)).toEqual(['lo']);
      return;
    } catch (error) {
      if (!(error instanceof Died)) throw error;
    } finally {
      await bury();
    }
  }
}

/** Waits for all of them, then fails as the first that failed of something else than death. */
async function all(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  );
  if (reasons.length > 0) throw reasons.find((reason) => !(reason instanceof Died)) ?? reasons[0];
}

async function linksIn(netnsPath: string): Promise<readonly string[]> {
  const netlink = openNetlink({ netnsPath });
  try {
    return (await netlink.links.list()).map(({ name }) => name);
  } finally {
    netlink.close();
  }
}

const sequencesOf = (stepsOfEach: readonly (readonly Step[])[]) =>
  stepsOfEach.map(
    (steps, number) =>
      new PodSequence({
        number,
        steps,
        netnsPaths: netnsPaths.slice(
          number * SANDBOXES_PER_SEQUENCE,
          (number + 1) * SANDBOXES_PER_SEQUENCE,
        ),
        node: { settings, enis, pods: [] },
        vandal,
      }),
  );

/** Those that die, one after the other, then one that lives. */
function* mortals(lives: readonly number[], born: (life: number) => MortalNetwork) {
  for (const life of lives) yield born(life);
  return born(Number.POSITIVE_INFINITY);
}

const manySequences = fc.array(anySteps, {
  minLength: SEQUENCES_AT_ONCE,
  maxLength: SEQUENCES_AT_ONCE,
});

// On a machine with other work.
const PATIENCE_MS = 240_000;

// user-asks row 12. What fast-check prints of a failure, seed and path, repeats it.
test(
  'a thousand random sequences of ADD, DEL and death end with exactly what they say',
  async () => {
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const filesBefore = openFiles();
    // In requests to the kernel: forty sequences make some 2,500.
    const lives = fc.array(fc.nat(2_500), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(manySequences, lives, (steps, lives) =>
        live(sequencesOf(steps), mortals(lives, dyingAtRequest)),
      ),
      { numRuns: 1_000 / SEQUENCES_AT_ONCE, endOnFailure: true },
    );
    // Fewer, where pipes of what made the namespaces were still there before.
    expect(openFiles()).toBeLessThanOrEqual(filesBefore);
  },
  PATIENCE_MS,
);

test(
  'so do those of a process that gets SIGKILL at any moment',
  async () => {
    const lives = fc.array(fc.nat(400), { minLength: 2, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(manySequences, lives, (steps, lives) =>
        live(sequencesOf(steps), mortals(lives, dyingAfter)),
      ),
      { numRuns: 3, endOnFailure: true },
    );
  },
  PATIENCE_MS,
);
