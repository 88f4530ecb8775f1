import { fileURLToPath } from 'node:url';

/** Root folder of the workspace. */
export const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));

/** Path of one of the small programs that run inside pods. */
export const programPath = (name: string) =>
  fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
