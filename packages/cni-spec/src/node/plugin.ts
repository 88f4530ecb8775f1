import { answerRequest, type PluginOptions } from '../answer-request.ts';
import type { PluginHandlers } from '../plugin-handlers.ts';
import { isOwnNetns } from './own-netns.ts';

export { isOwnNetns };

/** The part of `process` that a plugin uses. */
export interface PluginProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Not touched before it is needed: VERSION works with any stdin. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  exitCode?: number | string | null | undefined;
}

const MAX_STDIN_BYTES = 1024 * 1024;

/**
 * Is the whole of a plugin executable: reads environment and stdin, calls the handler, prints the
 * result or the error, sets the exit status.
 *
 * stdout gets nothing but the result; log to stderr. The namespace check of `CNI_NETNS` is on by default.
 * stdin may have at most 1 MiB. The status is set and the event loop left to drain, so nothing printed
 * is cut off; do not call `process.exit()`.
 *
 * @param process default: this process.
 */
export async function runPlugin(
  handlers: PluginHandlers,
  options: PluginOptions,
  process: PluginProcess = globalThis.process,
): Promise<void> {
  const request = { environment: process.env, readStdin: () => readText(process.stdin) };
  const response = await answerRequest(request, handlers, { isOwnNetns, ...options });
  process.exitCode = response.exitCode;
  await write(process.stderr, response.stderr);
  const isPrinted = await write(process.stdout, response.stdout);
  if (!isPrinted) process.exitCode = 1;
}

async function readText(stdin: PluginProcess['stdin']): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > MAX_STDIN_BYTES) throw new Error(`it is longer than ${MAX_STDIN_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Resolves to whether the text was written; a reader that has gone is not an exception. */
function write(stream: NodeJS.WritableStream, text: string): Promise<boolean> {
  if (text === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    stream.once('error', () => resolve(false));
    stream.write(text, (error) => resolve(error === null || error === undefined));
  });
}
