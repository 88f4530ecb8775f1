import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Command, OWN_PROGRAMS } from './command.ts';
import { copyPrograms } from './copy-programs.ts';

/**
 * What the main container runs: `run PROGRAMS DAEMON…`, the directory of our own programs and a command line.
 *
 * This process becomes the daemon, which so gets the container's signals and shares its memory with nobody; a second
 * process waits for the first address, and goes. It returns only when that fails.
 */
export const run: Command = async ({ settings, args: [programs = '.', ...daemon], log }) => {
  const [program = ''] = daemon;
  if (!isAbsolute(program) || !existsSync(program)) {
    throw new Error(
      `after PROGRAMS comes the daemon's command line with a path, got ${JSON.stringify(program)}`,
    );
  }
  const names = OWN_PROGRAMS.filter(
    (name) => name === 'aws-cni' || existsSync(join(programs, name)),
  );
  const copied = await copyPrograms({ from: programs, to: settings.binDirectory, names });
  log(
    'info',
    `copied to ${settings.binDirectory}: ${copied.join(' ') || 'nothing, all are there'}`,
  );
  const open = [
    ...process.execArgv,
    ...process.argv.slice(1, 2),
    'open',
    `${process.pid}`,
    programs,
  ];
  spawn(process.execPath, open, { stdio: 'inherit', detached: true }).unref();
  if (process.execve === undefined)
    throw new Error('this Node.js has no process.execve: use 22.15 or later');
  return process.execve(program, daemon);
};
