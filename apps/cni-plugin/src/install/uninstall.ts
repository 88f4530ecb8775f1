import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, OWN_PROGRAMS } from './command.ts';
import { uninstallConfList } from './conf-file.ts';

/** Removes what `run` installed; plugins of others stay. */
export const uninstall: Command = async ({ settings, log }) => {
  await uninstallConfList(settings.confDirectory, log);
  for (const name of OWN_PROGRAMS) await rm(join(settings.binDirectory, name), { force: true });
  log('info', `removed from ${settings.binDirectory}: ${OWN_PROGRAMS.join(' ')}`);
  return 0;
};
