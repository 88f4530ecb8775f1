import type { Log } from './log.ts';
import type { InstallSettings } from './settings.ts';

/** A command of the installer; gives the exit status. */
export type Command = (given: {
  readonly settings: InstallSettings;
  readonly args: readonly string[];
  readonly log: Log;
}) => Promise<number>;

/** What this project installs: the launcher under two names, the second only where PROGRAMS has it. */
export const OWN_PROGRAMS = ['aws-cni', 'egress-cni'];
