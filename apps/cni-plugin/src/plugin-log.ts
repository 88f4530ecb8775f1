import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type AttachmentRequest,
  isCniError,
  type PluginHandlers,
  type VerbRequest,
} from '@vpc-cni/cni-spec';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'fatal'] satisfies Level[];

/** One line, members in the order they are written in. */
interface LogLine {
  readonly level: Level;
  readonly [member: string]: unknown;
}

/** Where lines go; what cannot be written is lost, the call goes on. */
export interface LogSink {
  /** `undefined` for stderr: stdout carries the result. */
  write(file: string | undefined, line: string): void;
}

export const systemSink: LogSink = {
  write: (file, line) => {
    try {
      if (file === undefined) process.stderr.write(line);
      else {
        mkdirSync(dirname(file), { recursive: true });
        appendFileSync(file, line, { mode: 0o600 });
      }
    } catch {
      // A full disk is no reason to leave a pod without network.
    }
  },
};

/**
 * The handlers with a line of JSON for each call, as the launcher writes them: where and how much is told by
 * `pluginLogFile` and `pluginLogLevel` of the configuration.
 */
export function withPluginLog(
  handlers: PluginHandlers,
  sink: LogSink,
  clock: { nowMs(): number },
): PluginHandlers {
  const logged =
    <R extends VerbRequest, T>(
      command: string,
      success: Level,
      handle: (request: R) => Promise<T>,
    ) =>
    async (request: R): Promise<T> => {
      const startedAtMs = clock.nowMs();
      const tell = (level: Level, outcome: object) => {
        const nowMs = clock.nowMs();
        const elapsedMs = Math.round(nowMs - startedAtMs);
        const line = {
          level,
          ts: new Date(nowMs).toISOString(),
          caller: 'cni-plugin/main.ts',
          msg: 'answered',
        };
        writeLine(request, sink, {
          ...line,
          command,
          ...attachmentOf(request),
          ...outcome,
          elapsedMs,
        });
      };
      try {
        const result = await handle(request);
        tell(success, { exitCode: 0 });
        return result;
      } catch (error) {
        tell('error', { exitCode: 1, output: textOf(error) });
        throw error;
      }
    };
  const { add, del, check, gc, status } = handlers;
  return {
    add: logged('ADD', 'info', add.bind(handlers)),
    del: logged('DEL', 'info', del.bind(handlers)),
    ...(check && { check: logged('CHECK', 'debug', check.bind(handlers)) }),
    ...(gc && { gc: logged('GC', 'debug', gc.bind(handlers)) }),
    ...(status && { status: logged('STATUS', 'debug', status.bind(handlers)) }),
  };
}

function writeLine({ conf: { raw } }: VerbRequest, sink: LogSink, line: LogLine) {
  const threshold = String(raw['pluginLogLevel']).toLowerCase();
  // What is no level is debug, as in the AWS VPC CNI.
  if (LEVELS.indexOf(line.level) < LEVELS.indexOf(threshold)) return;
  const file = raw['pluginLogFile'];
  const isStderr =
    typeof file !== 'string' || ['', 'stderr', 'stdout'].includes(file.toLowerCase());
  sink.write(isStderr ? undefined : file, `${JSON.stringify(line)}\n`);
}

/** Who the call is about; GC and STATUS are about nobody. */
function attachmentOf(request: VerbRequest & Partial<AttachmentRequest>) {
  const { containerId, netns, ifName, args } = request;
  return { containerId, netns, ifName, args };
}

const textOf = (error: unknown) =>
  isCniError(error)
    ? JSON.stringify(error)
    : error instanceof Error
      ? error.message
      : String(error);
