import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator } from '@vpc-cni/aws-emulator';
import type { SandboxNode } from './node.ts';
import { mustRun } from './run-command.ts';

/** Who holds what on a node, as each of those who know it tells. Everything is sorted. */
export interface NodeAccounts {
  /** Addresses held by pods: the daemon's address book. */
  readonly reserved: readonly string[];
  /** The same, on disk. */
  readonly checkpoint: readonly string[];
  /** The same with the container, as `ADDRESS container`, on disk. */
  readonly attachments: readonly string[];
  /** The same, as the container runtime tells, where there is one. */
  readonly sandboxes: readonly string[] | undefined;
  /** The same, in the kernel: rules `to ADDRESS`. */
  readonly rules: readonly string[];
  /** The same, in the kernel: routes to pod links. */
  readonly routes: readonly string[];
  /** Pod links there are, and those that the routes lead to. */
  readonly links: readonly string[];
  readonly routedLinks: readonly string[];
  /** Rules `from ADDRESS`, as `ADDRESS table`; and what they should be. */
  readonly fromRules: readonly string[];
  readonly expectedFromRules: readonly string[];
  /** All single addresses and prefixes of the pool: the address book, and EC2. */
  readonly pool: readonly string[];
  readonly ec2: readonly string[];
}

/** A container runtime that can be asked which pods it runs. */
export interface SandboxSource {
  /** Those that are ready; the others have no network any more. */
  runningSandboxes(): Promise<
    readonly { readonly containerId: string; readonly address: string }[]
  >;
}

/** `/v1/enis`, by network card. */
type EnisView = Readonly<Record<string, { readonly ENIs: Readonly<Record<string, EniView>> }>>;

interface EniView {
  readonly RouteTableID: number;
  readonly AvailableIPv4Cidrs: CidrsView;
  readonly IPv6Cidrs: CidrsView;
}

/** By `address/32` or prefix; the addresses in them that are held. */
type CidrsView = Readonly<
  Record<string, { readonly IPAddresses: Readonly<Record<string, unknown>> }>
>;

const MAIN_TABLE = 254;

/** Reads the accounts; links of pods just deleted may take a moment to go. */
export async function readAccounts(
  node: SandboxNode,
  emulator: Emulator,
  runtime?: SandboxSource,
): Promise<NodeAccounts> {
  const view = (await node.introspect('/v1/enis')) as Partial<EnisView>;
  if (view['0'] === undefined) throw new Error(`the daemon of ${node.name} is starting`);
  const enis = Object.values(view).flatMap((card) => Object.values(card?.ENIs ?? {}));
  const held = enis.flatMap(({ RouteTableID: routeTableId, ...eni }) =>
    Object.values(blocksOf(eni)).flatMap(({ IPAddresses }) =>
      Object.keys(IPAddresses).map((address) => ({ address, routeTableId })),
    ),
  );
  const allocations = await savedAllocations(node.runDirectory);
  const sandboxes = await runtime?.runningSandboxes();
  const [rules, routes, links] = await Promise.all(
    [
      'ip rule; ip -6 rule',
      'ip route show table main; ip -6 route show table main',
      'ip -o link',
    ].map((queries) => mustRun(['sh', '-c', queries], { netns: node.netns })),
  );
  const { enis: cloudEnis } = emulator.describe();
  return {
    reserved: held.map(({ address }) => address).sort(),
    checkpoint: allocations.map(addressOf).sort(),
    attachments: allocations
      .map((allocation) => `${addressOf(allocation)} ${allocation.containerID}`)
      .sort(),
    sandboxes: sandboxes?.map(({ address, containerId }) => `${address} ${containerId}`).sort(),
    rules: all(rules, /^512:\s+from all to (\S+) lookup main/gm),
    routes: all(routes, /^(?!fe80::)(\S+) dev eni/gm),
    routedLinks: all(routes, /^(?!fe80::)\S+ dev (eni\S+)/gm),
    links: all(links, /^\d+: (eni[\da-f]{11})@/gm),
    fromRules: all(rules, /^1536:\s+from (\S+ lookup \d+)/gm),
    expectedFromRules: held
      .filter(({ routeTableId }) => routeTableId !== MAIN_TABLE)
      .map(({ address, routeTableId }) => `${address} lookup ${routeTableId}`)
      .sort(),
    pool: enis
      .flatMap((eni) => Object.keys(blocksOf(eni)))
      .map((block) => block.replace(/\/32$/, ''))
      .sort(),
    ec2: cloudEnis
      .filter(({ instanceId }) => instanceId === node.instanceId)
      .flatMap((eni) => [...eni.secondaryAddresses, ...eni.prefixes, ...eni.ipv6Prefixes])
      .sort(),
  };
}

const blocksOf = ({
  AvailableIPv4Cidrs,
  IPv6Cidrs,
}: Pick<EniView, 'AvailableIPv4Cidrs' | 'IPv6Cidrs'>): CidrsView => ({
  ...AvailableIPv4Cidrs,
  ...IPv6Cidrs,
});

/** Those of the checkpoints of all network cards. */
async function savedAllocations(runDirectory: string): Promise<readonly Allocation[]> {
  const names = (await readdir(runDirectory)).filter((name) =>
    /^ipam(-nic-\d+)?\.json$/.test(name),
  );
  if (!names.includes('ipam.json')) throw new Error(`no checkpoint in ${runDirectory}`);
  const texts = await Promise.all(names.map((name) => readFile(join(runDirectory, name), 'utf8')));
  return texts.flatMap(
    (text) => (JSON.parse(text) as { readonly allocations: readonly Allocation[] }).allocations,
  );
}

/** As the checkpoint has it: an address of either family. */
interface Allocation {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly containerID: string;
}

const addressOf = ({ ipv4, ipv6 }: Allocation): string => ipv4 ?? ipv6 ?? '';

/** Where the accounts contradict each other, in words; empty when all agree. */
export function contradictions(accounts: NodeAccounts): readonly string[] {
  const same = (what: string, a: readonly string[], b: readonly string[]) => {
    const onlyA = a.filter((entry) => !b.includes(entry));
    const onlyB = b.filter((entry) => !a.includes(entry));
    if (onlyA.length + onlyB.length === 0 && a.length === b.length) return [];
    return [
      `${what}: only there [${onlyA}], only in the other [${onlyB}] (${a.length}, ${b.length})`,
    ];
  };
  return [
    ...same('checkpoint and address book', accounts.checkpoint, accounts.reserved),
    ...(accounts.sandboxes === undefined
      ? []
      : same('checkpoint and sandboxes', accounts.attachments, accounts.sandboxes)),
    ...(new Set(accounts.reserved).size === accounts.reserved.length
      ? []
      : [`an address is held twice: ${accounts.reserved}`]),
    ...same('rules 512 and address book', accounts.rules, accounts.reserved),
    ...same('pod routes and address book', accounts.routes, accounts.reserved),
    ...same('rules 1536 and address book', accounts.fromRules, accounts.expectedFromRules),
    ...same('pool and EC2', accounts.pool, accounts.ec2),
    ...same('pod links and pod routes', accounts.links, accounts.routedLinks),
  ];
}

const SETTLE_LIMIT_MS = 30_000;

/**
 * The accounts once nobody contradicts anybody: links of deleted pods, what EC2 is asked for, and a daemon that has
 * just been started take a moment.
 *
 * @throws {Error} with the contradictions that stay.
 */
export async function settledAccounts(
  ...source: Parameters<typeof readAccounts>
): Promise<NodeAccounts> {
  for (const giveUpAtMs = Date.now() + SETTLE_LIMIT_MS; ; ) {
    try {
      const accounts = await readAccounts(...source);
      const complaints = contradictions(accounts);
      if (complaints.length === 0) return accounts;
      throw new Error(complaints.join('; '));
    } catch (error) {
      if (Date.now() > giveUpAtMs) throw error;
      await sleep(50);
    }
  }
}

function all(text: string | undefined, pattern: RegExp): readonly string[] {
  return [...(text ?? '').matchAll(pattern)].map(([, entry]) => entry ?? '').sort();
}
