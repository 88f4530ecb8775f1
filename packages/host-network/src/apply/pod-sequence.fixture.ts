import fc from 'fast-check';
import { hostLinkName } from '../desired/host-link-name.ts';
import { addressesOf, type PodAttachment } from '../desired/settings.ts';
import { ipFamily } from '../ip.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { MAIN_TABLE } from '../netlink/route.ts';
import type { RemoteNetwork } from './mortal-network.fixture.ts';
import type { DesiredNode } from './repair.ts';

const PODS = [0, 1] as const;
const SANDBOXES = [0, 1] as const;
/** One more than a sequence can hold. */
const ADDRESS_COUNT = PODS.length * SANDBOXES.length + 1;
export const SANDBOXES_PER_SEQUENCE = PODS.length * SANDBOXES.length;

const harms = ['rule', 'route', 'wrong table', 'down', 'mac'] as const;

/** What a runtime asks for next, or somebody does to the host. */
export type Step =
  | {
      /** An ADD, or the DEL of a sandbox that is attached. Of a pod's two sandboxes, either may be there first. */
      readonly kind: 'toggle';
      readonly pod: number;
      readonly sandbox: number;
      /** IPv6 beside IPv4: the first pod's from the VPC, the second's by an egress link. */
      readonly hasIpv6: boolean;
      readonly tableId: number;
      readonly address: number;
    }
  | { readonly kind: 'check' }
  | { readonly kind: 'harm'; readonly pod: number; readonly harm: (typeof harms)[number] };

const toggle = fc.record({
  kind: fc.constant('toggle' as const),
  pod: fc.constantFrom(...PODS),
  sandbox: fc.constantFrom(...SANDBOXES),
  hasIpv6: fc.boolean(),
  tableId: fc.constantFrom(MAIN_TABLE, 2),
  address: fc.nat(ADDRESS_COUNT - 1),
});
const check = fc.constant({ kind: 'check' as const });
const harm = fc.record({
  kind: fc.constant('harm' as const),
  pod: fc.constantFrom(...PODS),
  harm: fc.constantFrom(...harms),
});

export const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 60, arbitrary: toggle },
    { weight: 2, arbitrary: check },
    { weight: 1, arbitrary: harm },
  ),
  { minLength: 2, maxLength: 7 },
);

/**
 * One sequence, and the model of it: what the book would hold, and which step a dead daemon left half done.
 *
 * A runtime that got no answer deletes the sandbox, and the pod's other one; nothing else may be missing
 * after a restart.
 */
export class PodSequence {
  readonly #number: number;
  readonly #netnsPaths: readonly string[];
  readonly #steps: Step[];
  readonly #node: DesiredNode;
  readonly #vandal: Netlink;
  /** By sandbox, in the order of their ADDs. */
  readonly #attached = new Map<number, readonly PodAttachment[]>();
  /** Of sandboxes whose link went to their pod's other one, and that wait for their DEL. */
  readonly #superseded = new Set<PodAttachment>();
  #halfDone: Step | undefined;
  #isEnding = false;

  constructor(options: {
    readonly number: number;
    readonly netnsPaths: readonly string[];
    readonly steps: readonly Step[];
    /** Without pods: what a repair needs to know beside them. */
    readonly node: DesiredNode;
    readonly vandal: Netlink;
  }) {
    this.#number = options.number;
    this.#netnsPaths = options.netnsPaths;
    this.#steps = [...options.steps];
    this.#node = options.node;
    this.#vandal = options.vandal;
  }

  /** What the book holds, half done ADDs and DELs included. */
  get book(): readonly PodAttachment[] {
    return [...this.#attached.values()].flat();
  }

  /** The pods that run. */
  get wired(): readonly PodAttachment[] {
    return this.book.filter((attachment) => !this.#superseded.has(attachment));
  }

  /** A daemon's start found no link of these, and gave them up. Returns those that must not have lost it. */
  giveUp(lost: readonly PodAttachment[]): readonly PodAttachment[] {
    const unexpected: PodAttachment[] = [];
    for (const [sandbox, attachments] of this.#attached) {
      this.#attached.set(
        sandbox,
        attachments.filter((attachment) => !lost.includes(attachment)),
      );
      const mayChange = this.#isEnding || this.#isHalfDone(sandbox);
      const isMissed = (one: PodAttachment) => lost.includes(one) && !this.#superseded.has(one);
      if (!mayChange) unexpected.push(...attachments.filter(isMissed));
    }
    return unexpected;
  }

  /** Goes on to the end, first with what the last daemon left half done. */
  async run(network: RemoteNetwork): Promise<void> {
    if (this.#halfDone !== undefined) await this.#recover(network, this.#halfDone);
    if (this.#isEnding) await this.empty(network);
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      this.#halfDone = step;
      await this.#perform(network, step);
      this.#halfDone = undefined;
    }
    // What a runtime does with a pod's former sandbox, sooner or later.
    for (const [sandbox, attachments] of this.#attached) {
      if (attachments.some((one) => this.#superseded.has(one)))
        await this.#delete(network, sandbox);
    }
  }

  /** Deletes whatever is attached. */
  async empty(network: RemoteNetwork): Promise<void> {
    this.#isEnding = true;
    for (const sandbox of this.#attached.keys()) await this.#delete(network, sandbox);
  }

  async #perform(network: RemoteNetwork, step: Step): Promise<void> {
    switch (step.kind) {
      case 'toggle': {
        const sandbox = sandboxOf(step.pod, step.sandbox);
        if (this.#attached.has(sandbox)) return this.#delete(network, sandbox);
        const attachments = this.#attachmentsFor(step);
        for (const [other, theirs] of this.#attached) {
          if (podOf(other) !== step.pod) continue;
          for (const attachment of theirs) this.#superseded.add(attachment);
        }
        // The book has it before the kernel.
        this.#attached.set(sandbox, attachments);
        for (const attachment of attachments) await network.setUpPod(attachment);
        return;
      }
      case 'check':
        return this.check(network);
      case 'harm': {
        const victims = this.wired.filter(({ netnsPath }) =>
          SANDBOXES.some((s) => this.#netnsPaths[sandboxOf(step.pod, s)] === netnsPath),
        );
        for (const victim of victims) doHarm(this.#vandal, victim, step.harm);
        return this.#repair(network);
      }
    }
  }

  async check(network: RemoteNetwork): Promise<void> {
    for (const pod of this.wired) {
      const missing = await network.checkPod(pod);
      if (missing.length > 0) throw new Error(`${pod.hostLinkName} lacks ${missing.join('; ')}`);
    }
  }

  async #repair(network: RemoteNetwork): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const { failures } = await network.repair({ ...this.#node, pods: this.wired });
      if (failures.length === 0) break;
      // Links come and go beside it: then the next repair does it.
      const isTransient = failures.every(({ error }) => codeOf(error) === 'dump-interrupted');
      if (!isTransient || attempt === 10) throw new Error(`no repair: ${JSON.stringify(failures)}`);
    }
    await this.check(network);
  }

  #isHalfDone(sandbox: number): boolean {
    return this.#halfDone?.kind === 'toggle' && this.#halfDone.pod === podOf(sandbox);
  }

  async #recover(network: RemoteNetwork, step: Step): Promise<void> {
    if (step.kind === 'harm') await this.#repair(network);
    for (const sandbox of this.#attached.keys()) {
      if (this.#isHalfDone(sandbox)) await this.#delete(network, sandbox);
    }
    this.#halfDone = undefined;
  }

  async #delete(network: RemoteNetwork, sandbox: number): Promise<void> {
    for (const attachment of this.#attached.get(sandbox) ?? []) {
      await network.tearDownPod(attachment);
    }
    this.#attached.delete(sandbox);
  }

  #attachmentsFor(step: Extract<Step, { kind: 'toggle' }>): readonly PodAttachment[] {
    const number = this.#freeNumber(step.address);
    const netnsPath = this.#netnsPaths[sandboxOf(step.pod, step.sandbox)] ?? '';
    const linkName = (prefix: string) =>
      hostLinkName({
        prefix,
        podNamespace: `sequence-${this.#number}`,
        podName: `pod-${step.pod}`,
      });
    const pod: PodAttachment = {
      netnsPath,
      mtuBytes: 1500,
      routeTableId: step.tableId,
      podLinkName: 'eth0',
      hostLinkName: linkName('eni'),
      address: `10.0.42.${number}`,
    };
    if (!step.hasIpv6) return [pod];
    if (step.pod === 0)
      return [{ ...pod, secondAddress: `2600:1f14:aaa:bb00:c404::${hex(number)}` }];
    const egress: PodAttachment = {
      ...pod,
      podLinkName: 'v6if0',
      hostLinkName: linkName('veth'),
      address: `fd00::ac:${hex(number)}`,
      isEgress: true,
    };
    return [pod, egress];
  }

  /** The last byte of an address that the sequence does not hold. */
  #freeNumber(wish: number): number {
    const taken = this.book.map(({ address }) => address);
    const numbers = Array.from(
      { length: ADDRESS_COUNT },
      (_, n) => this.#number * ADDRESS_COUNT + ((wish + n) % ADDRESS_COUNT) + 1,
    );
    const free = numbers.find((number) => !taken.includes(`10.0.42.${number}`));
    if (free === undefined) throw new Error('a sequence has an address more than sandboxes');
    return free;
  }
}

const sandboxOf = (pod: number, sandbox: number) => pod * SANDBOXES.length + sandbox;
const podOf = (sandbox: number) => Math.floor(sandbox / SANDBOXES.length);

const codeOf = (error: unknown) => (error as { readonly code?: string }).code;

const hex = (number: number) => number.toString(16);

function doHarm({ rules, routes, links }: Netlink, pod: PodAttachment, harm: string): void {
  const { hostLinkName: name } = pod;
  for (const address of addressesOf(pod)) {
    const length = ipFamily(address) === 'ipv4' ? 32 : 128;
    if (harm === 'rule') rules.delete({ priority: 512, to: address });
    if (harm === 'route')
      routes.delete({ destination: `${address}/${length}`, tableId: MAIN_TABLE, scope: 'link' });
    if (harm === 'wrong table' && pod.isEgress !== true)
      rules.ensure({ priority: 1536, from: address, tableId: 7 });
  }
  if (harm === 'down') links.change({ name }, { isUp: false });
  if (harm === 'mac') links.change({ name }, { mac: '02:00:00:00:00:99' });
}
