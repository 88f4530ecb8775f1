import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IptablesFacts } from '../desired/host-facts.ts';
import { isHostNetworkError } from '../host-network-error.ts';
import { type IptablesDescription, nothingOfOurs } from './describe-iptables.ts';
import { CANNOT_RUN, type HostCommands, runCommand } from './host-commands.ts';
import { parseIptablesVersion } from './iptables-version.ts';
import { connmarkRemoval, isConnmarkInPlace, NFT_TABLE } from './nft-connmark.ts';
import { parseIptablesSave, type SavedTables } from './parse-iptables-save.ts';
import { planIptables } from './plan-iptables.ts';

// Somebody else may change a rule between our reading and our writing; a second look settles it.
const ATTEMPTS = 3;

/** Asked anew on every set-up: a host may decide for its back-end after we started. */
export const readIptablesFacts = async (commands: HostCommands): Promise<IptablesFacts> =>
  parseIptablesVersion(await runCommand(commands.iptables, ['--version']));

/** Makes tables nat and mangle hold what is described, by one batch, or none when they do. */
export async function applyIptables(
  description: IptablesDescription,
  commands: Pick<HostCommands, 'iptablesSave' | 'iptablesRestore'>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const saved = await readTables(description, commands.iptablesSave);
    const batch = planIptables(description, saved);
    if (batch === undefined) return;
    try {
      await runCommand(commands.iptablesRestore, ['--noflush', '-w', '5'], batch);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function readTables({ tables }: IptablesDescription, save: string): Promise<SavedTables> {
  const texts = await Promise.all(tables.map(({ table }) => runCommand(save, ['-t', table])));
  return parseIptablesSave(texts.join('\n'));
}

/** Makes table `ip aws-cni` hold the ruleset, or be absent. */
export async function applyConnmark(ruleset: string | undefined, nft: string): Promise<void> {
  const listed = await listConnmark(nft);
  if (ruleset === undefined) {
    if (listed !== undefined) await runNft(nft, connmarkRemoval);
  } else if (listed === undefined || !isConnmarkInPlace(ruleset, listed)) {
    await runNft(nft, ruleset);
  }
}

async function listConnmark(nft: string): Promise<string | undefined> {
  try {
    return await runCommand(nft, ['list', 'table', ...NFT_TABLE.split(' ')]);
  } catch (error) {
    // 1: absent, or a kernel without nf_tables. No nft here: then nothing it could have made.
    const exitCode = isHostNetworkError(error) ? error.facts['exitCode'] : undefined;
    if (exitCode === 1 || exitCode === CANNOT_RUN) return undefined;
    throw error;
  }
}

/** nft cannot read a script from the socket Node.js gives a child as standard input. */
async function runNft(nft: string, script: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'vpc-cni-nft-'));
  try {
    const file = join(directory, 'ruleset.nft');
    await writeFile(file, script, { mode: 0o600 });
    await runCommand(nft, ['-f', file]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Removes what an earlier start left in the tables of the iptables back-end that is not in use. A host
 * without that back-end's programs, or whose kernel lacks it, has nothing there.
 */
export async function clearOtherBackend({ backend }: IptablesFacts): Promise<void> {
  const other = backend === 'legacy' ? 'iptables-nft' : 'iptables-legacy';
  let saved: SavedTables;
  try {
    // Without -t the legacy program reads only tables that exist, and loads no kernel module.
    saved = parseIptablesSave(await runCommand(`${other}-save`, []));
  } catch (error) {
    if (isHostNetworkError(error)) return;
    throw error;
  }
  const batch = planIptables(nothingOfOurs, saved);
  if (batch !== undefined) {
    await runCommand(`${other}-restore`, ['--noflush', '-w', '5'], batch);
  }
}
