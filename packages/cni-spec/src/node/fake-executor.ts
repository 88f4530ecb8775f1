import { CNI_ERROR, CniError } from '../cni-error.ts';
import type { PluginExecutor, PluginExit } from './plugin-executor.ts';

/** An execution as a plugin in memory sees it. */
export interface FakeExecution {
  readonly type: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
}

/** A plugin in memory: what it prints, and its exit status (0 unless it says otherwise). */
export type FakePlugin = (execution: FakeExecution) => string | Partial<PluginExit>;

/** An executor whose plugins are functions; it keeps what it executed and logged. */
export function createFakeExecutor(plugins: Readonly<Record<string, FakePlugin>>) {
  const executions: FakeExecution[] = [];
  const logged: string[] = [];
  const executor: PluginExecutor = {
    find: async (type, directories) => {
      if (Object.hasOwn(plugins, type)) return `${directories[0]}/${type}`;
      throw new CniError(CNI_ERROR.internal, `failed to find plugin "${type}"`);
    },
    execute: async ({ path, environment, stdin }) => {
      const type = path.slice(path.lastIndexOf('/') + 1);
      const execution = { type, environment, stdin };
      executions.push(execution);
      const exit = plugins[type]?.(execution) ?? '';
      const given = typeof exit === 'string' ? { stdout: exit } : exit;
      return { stdout: '', stderr: '', exitCode: 0, signal: null, ...given };
    },
    log: (stderr) => logged.push(stderr),
  };
  return { executor, executions, logged };
}
