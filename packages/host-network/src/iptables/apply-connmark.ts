import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHostNetworkError } from '../host-network-error.ts';
import { isNotInstalled, runCommand } from './host-commands.ts';
import { connmarkRemoval, isConnmarkInPlace, NFT_TABLE } from './nft-connmark.ts';

/**
 * Makes table `ip aws-cni` hold the ruleset, or be absent.
 *
 * @returns the script that was carried out, line by line; empty when all was well.
 */
export async function applyConnmark(
  ruleset: string | undefined,
  nft: string,
): Promise<readonly string[]> {
  const script = planConnmark(ruleset, await listConnmark(nft));
  if (script === undefined) return [];
  await runNft(nft, script);
  return script.trimEnd().split('\n');
}

function planConnmark(ruleset: string | undefined, listed: string | undefined): string | undefined {
  if (ruleset === undefined) return listed === undefined ? undefined : connmarkRemoval;
  return listed !== undefined && isConnmarkInPlace(ruleset, listed) ? undefined : ruleset;
}

async function listConnmark(nft: string): Promise<string | undefined> {
  try {
    return await runCommand(nft, ['list', 'table', ...NFT_TABLE.split(' ')]);
  } catch (error) {
    // 1: absent, or a kernel without nf_tables. No nft here: then nothing it could have made.
    if (isHostNetworkError(error) && (error.facts['exitCode'] === 1 || isNotInstalled(error))) {
      return undefined;
    }
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
