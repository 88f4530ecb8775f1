import type { IptablesFacts } from '../desired/host-facts.ts';
import { type IptablesPrograms, runCommand } from './host-commands.ts';

/** Longest wait for the xtables lock, in seconds; kube-proxy holds it that long on large clusters. */
const LOCK_WAIT_SECONDS = 5;

/**
 * Carries a batch out under one grant of the lock: all of it, or nothing of a table.
 *
 * The wait for the lock has a limit, because iptables-legacy without one waits for ever. The nf_tables
 * back-end has no lock and ignores it; releases before 1.6.2 do not know the option and do not wait.
 *
 * @throws {HostNetworkError} `iptables-failed`, `iptables-locked`.
 */
export async function restore(
  { restore: program }: IptablesPrograms,
  batch: string,
  { hasRandomFully: isSince162 }: Pick<IptablesFacts, 'hasRandomFully'>,
): Promise<void> {
  const wait = isSince162 ? ['-w', String(LOCK_WAIT_SECONDS)] : [];
  await runCommand(program, ['--noflush', ...wait], batch);
}
