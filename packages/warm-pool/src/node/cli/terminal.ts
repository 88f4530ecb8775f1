import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

/** What a command line needs of the machine it runs on. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Somebody watches the error stream: progress is welcome there. */
  readonly isErrTty: boolean;
  /** Width of the output. */
  readonly columns: number;
  /** `-` is the input stream. */
  read(path: string): Promise<string>;
  write(path: string, content: string): Promise<void>;
}

const USUAL_COLUMNS = 100;

export const processTerminal = (): Terminal => ({
  out: (content) => process.stdout.write(content),
  err: (content) => process.stderr.write(content),
  isErrTty: process.stderr.isTTY === true,
  columns: process.stdout.columns ?? USUAL_COLUMNS,
  read: (path) => (path === '-' ? text(process.stdin) : readFile(path, 'utf8')),
  write: (path, content) => writeFile(path, content),
});
