import { answerRequest, type PluginOptions } from '../answer-request.ts';
import { CNI_ERROR, CniError } from '../cni-error.ts';
import { MAX_DOCUMENT_LENGTH } from '../json-object.ts';
import type { PluginHandlers } from '../plugin-handlers.ts';
import { isOwnNetns } from './own-netns.ts';
import { guardStdout, writerTo } from './stdout-guard.ts';

export { isOwnNetns };

/** The part of `process` that a plugin uses. */
export interface PluginProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Not touched before it is needed: VERSION works with any stdin. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  exitCode?: number | string | null | undefined;
  /** Called for SIGTERM; leave out where there are no signals. */
  once?(event: 'SIGTERM', listener: () => void): unknown;
  off?(event: 'SIGTERM', listener: () => void): unknown;
}

/**
 * Is the whole of a plugin executable: reads environment and stdin, calls the handler, prints the
 * result or the error, sets the exit status.
 *
 * stdout gets nothing but the result: what handlers log there goes to stderr, during the call and after
 * it. The namespace check of `CNI_NETNS` is on by default. stdin may have at most 1 MiB. The status is
 * set and the event loop left to drain, so nothing printed is cut off; do not call `process.exit()`.
 *
 * SIGTERM aborts the handler's `signal`, with a reason that is printed as code 11 when the handler
 * throws it; a second one ends the process at once. Before stdin is read, and after the answer, there
 * is nothing to undo: SIGTERM does then what it always does.
 *
 * @param process default: this process.
 */
export async function runPlugin(
  handlers: PluginHandlers,
  options: PluginOptions,
  process: PluginProcess = globalThis.process,
): Promise<void> {
  const print = guardStdout(process);
  const termination = new AbortController();
  const terminate = () => termination.abort(terminated());
  const readStdin = async () => {
    const text = await readText(process.stdin);
    process.once?.('SIGTERM', terminate);
    return text;
  };
  const given = options.signal === undefined ? [] : [options.signal];
  const signal = AbortSignal.any([termination.signal, ...given]);
  const response = await answerRequest({ environment: process.env, readStdin }, handlers, {
    isOwnNetns,
    ...options,
    signal,
  });
  process.off?.('SIGTERM', terminate);
  process.exitCode = response.exitCode;
  await writerTo(process.stderr)(response.stderr);
  if (!(await print(response.stdout))) process.exitCode = 1;
}

const terminated = () =>
  new CniError(CNI_ERROR.tryAgainLater, 'the plugin was terminated', 'it received SIGTERM');

async function readText(stdin: PluginProcess['stdin']): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > MAX_DOCUMENT_LENGTH) {
      throw new Error(`it is longer than ${MAX_DOCUMENT_LENGTH} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
