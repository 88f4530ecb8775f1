#!/usr/bin/env node
import { constants } from 'node:os';
import { describeFinding } from '@vpc-cni/config';
import type { Command } from './install/command.ts';
import { createLog } from './install/log.ts';
import { readInstallSettings } from './install/settings.ts';

// What the containers of the DaemonSet run, beside the daemon. A command loads what it needs itself.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./install/init.ts')).init,
  run: async () => (await import('./install/run.ts')).run,
  open: async () => (await import('./install/open.ts')).open,
  uninstall: async () => (await import('./install/uninstall.ts')).uninstall,
};
const USAGE =
  'usage: install init PLUGINS | install run PROGRAMS DAEMON… | install open | install uninstall';

// As the first process of a container it is ended by no signal that it has no handler for. What it leaves half-copied the next
// start puts right.
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => process.exit(128 + constants.signals[name]));
}

const log = createLog((line) => process.stderr.write(line), Date.now);
const [name = '', ...args] = process.argv.slice(2);
const { settings, problems, notices } = readInstallSettings(process.env);
for (const notice of notices) log('warning', describeFinding(notice));
for (const problem of problems) log('error', describeFinding(problem));

const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (load === undefined) log('error', USAGE);
if (load === undefined || problems.length > 0) process.exit(1);

try {
  const command = await load();
  process.exitCode = await command({ settings, args, log });
} catch (error) {
  log('error', `${name}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
