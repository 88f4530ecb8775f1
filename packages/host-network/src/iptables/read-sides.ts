import { readFileSync } from 'node:fs';
import type { IptablesBackend, IptablesFacts } from '../desired/host-facts.ts';
import { type HostNetworkError, isHostNetworkError } from '../host-network-error.ts';
import {
  type HostCommands,
  type IptablesFamilies,
  type IptablesPrograms,
  isNotInstalled,
  runCommand,
} from './host-commands.ts';
import { parseIptablesVersion } from './iptables-version.ts';
import { parseIptablesSave, type SavedTables } from './parse-iptables-save.ts';

/** One back-end: what it holds, and the programs that change it. */
export interface Side {
  readonly backend: IptablesBackend;
  readonly facts: IptablesFacts;
  readonly programs: IptablesFamilies;
  readonly tables: Readonly<Record<keyof IptablesFamilies, SavedTables>>;
}

/**
 * The back-ends that hold something or could: nf_tables where programs and kernel know it, the legacy one
 * only where the kernel has its tables, because running its programs would create them.
 */
export async function readSides(commands: HostCommands): Promise<readonly Side[]> {
  const sides = await Promise.all([
    readSide('nf_tables', commands.nf_tables),
    hasLegacyTables() ? readSide('legacy', commands.legacy) : undefined,
  ]);
  return sides.filter((side) => side !== undefined);
}

/** The back-end of a host without choice: its iptables is older than that, or the legacy one alone. */
export async function readOnlyBackend({ only }: HostCommands): Promise<Side> {
  const facts = parseIptablesVersion(await runCommand(only.ipv4.iptables, ['--version']));
  const tables = await readFamilies(only);
  return { backend: facts.backend, facts, programs: only, tables };
}

async function readSide(
  backend: IptablesBackend,
  programs: IptablesFamilies,
): Promise<Side | undefined> {
  try {
    const tables = await readFamilies(programs);
    // The two names came with iptables 1.8.
    return { backend, facts: { backend, hasRandomFully: true }, programs, tables };
  } catch (error) {
    // Any other failure must not look like a reason to move to the other back-end.
    if (isHostNetworkError(error) && isUnavailable(error)) return undefined;
    throw error;
  }
}

const isUnavailable = (error: HostNetworkError) =>
  isNotInstalled(error) || /not supported|Failed to initialize nft/i.test(stderrOf(error));

const stderrOf = ({ facts }: HostNetworkError) => String(facts['stderr'] ?? '');

async function readFamilies(programs: IptablesFamilies): Promise<Side['tables']> {
  const [ipv4, ipv6] = await Promise.all([
    readTables(programs.ipv4),
    // A kernel or an image may do without IPv6; then there is nothing of ours in its tables.
    readTables(programs.ipv6).catch((error: unknown) => {
      if (isHostNetworkError(error) && isUnavailable(error)) return new Map();
      throw error;
    }),
  ]);
  return { ipv4, ipv6 };
}

const readTables = async ({ save }: IptablesPrograms) =>
  parseIptablesSave(await runCommand(save, []));

/** Synchronous, because a thread of libuv's pool may be in another network namespace. */
const hasLegacyTables = () => ['ip_tables_names', 'ip6_tables_names'].some(isFilled);

function isFilled(name: string): boolean {
  try {
    return readFileSync(`/proc/thread-self/net/${name}`, 'utf8') !== '';
  } catch {
    // Without the module there is no such file.
    return false;
  }
}
