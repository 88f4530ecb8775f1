import type { Terminal } from './terminal.ts';

/** A terminal that remembers, for tests. */
export interface FakeTerminal extends Terminal {
  readonly output: () => string;
  readonly errors: () => string;
  /** What was written and can be read, by path. */
  readonly files: Map<string, string>;
}

export function createFakeTerminal(
  files: Readonly<Record<string, string>> = {},
  { isErrTty = false } = {},
): FakeTerminal {
  const out: string[] = [];
  const err: string[] = [];
  const stored = new Map(Object.entries(files));
  return {
    isErrTty,
    columns: 80,
    files: stored,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    output: () => out.join(''),
    errors: () => err.join(''),
    read: async (path) => {
      const content = stored.get(path);
      if (content === undefined) throw new Error(`no ${path}`);
      return content;
    },
    write: async (path, content) => {
      if (path.startsWith('/nowhere')) throw new Error('no such folder');
      stored.set(path, content);
    },
  };
}
