import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_DOCUMENT_LENGTH } from '../json-object.ts';
import type { Environment } from '../request-variables.ts';
import { findPlugin } from './find-plugin.ts';
import { isSystemError } from './system-error.ts';

/** One execution of a plugin. */
export interface PluginExecution {
  /** Path of the executable. */
  readonly path: string;
  /** Added to the executor's own environment. */
  readonly environment: Environment;
  readonly stdin: string;
  /** Kills the process when it fires. */
  readonly signal?: AbortSignal | undefined;
}

/** How an execution ended. */
export interface PluginExit {
  readonly stdout: string;
  readonly stderr: string;
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  /** Name of the signal that ended it, otherwise `null`. */
  readonly signal: string | null;
}

/** What is needed to execute plugins: a port, so that a runtime can be tested without processes. */
export interface PluginExecutor {
  /** @throws {CniError} when there is no such plugin. */
  find(type: string, directories: readonly string[]): Promise<string>;
  /** @throws {Error} when the process cannot be started. */
  execute(execution: PluginExecution): Promise<PluginExit>;
  /** Gets what a plugin that succeeded wrote to stderr. */
  log(stderr: string): void;
}

const BUSY_TRIES = 6;

/**
 * Executes plugins as processes: no shell, no arguments, in the network namespace of this process.
 *
 * A file that is just being written ("text file busy") is tried six times. Of stdout 1 MiB is kept, of
 * stderr 64 KiB.
 *
 * @param options.environment inherited by the plugins. Default: this process's.
 * @param options.log gets what successful plugins write to stderr. Default: this process's stderr.
 * @param options.busyDelayMs between two tries. Default: 1000.
 */
export function createPluginExecutor({
  environment = process.env,
  log = (text) => process.stderr.write(text),
  busyDelayMs = 1000,
}: {
  readonly environment?: Environment;
  readonly log?: (stderr: string) => void;
  readonly busyDelayMs?: number;
} = {}): PluginExecutor {
  const execute = async (execution: PluginExecution): Promise<PluginExit> => {
    for (let triesLeft = BUSY_TRIES - 1; ; triesLeft -= 1) {
      try {
        return await run(execution, environment);
      } catch (error) {
        if (triesLeft === 0 || !isSystemError(error, 'ETXTBSY')) throw error;
      }
      await sleep(busyDelayMs, undefined, { signal: execution.signal });
    }
  };
  return { find: findPlugin, execute, log: (stderr) => void log(stderr) };
}

const MAX_STDERR_BYTES = 64 * 1024;

function run({ path, stdin, ...given }: PluginExecution, inherited: Environment) {
  return new Promise<PluginExit>((resolve, reject) => {
    given.signal?.throwIfAborted();
    const child = spawn(path, [], { env: { ...inherited, ...given.environment } });
    // One byte more, so that what was too long is refused and not read as if it were whole.
    const stdout = collect(child.stdout, MAX_DOCUMENT_LENGTH + 1);
    const stderr = collect(child.stderr, MAX_STDERR_BYTES);
    const kill = () => {
      child.kill('SIGKILL');
      // A process that the plugin left behind may hold its pipes open for ever.
      child.once('exit', () => [child.stdout, child.stderr].forEach((pipe) => void pipe.destroy()));
    };
    given.signal?.addEventListener('abort', kill, { once: true });
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      given.signal?.removeEventListener('abort', kill);
      resolve({ stdout: stdout(), stderr: stderr(), exitCode, signal });
    });
    child.stdin.on('error', () => {}); // a plugin need not read its stdin
    child.stdin.end(stdin);
  });
}

/** Reads a stream to its end, keeping its first bytes. */
function collect(stream: Readable, maxBytes: number): () => string {
  const chunks: Buffer[] = [];
  let room = maxBytes;
  stream.on('data', (chunk: Buffer) => {
    if (room > 0) chunks.push(chunk.subarray(0, room));
    room -= chunk.length;
  });
  return () => Buffer.concat(chunks).toString();
}
