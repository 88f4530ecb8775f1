import { type DestinationStream, type Logger, pino } from 'pino';
import { openLogFile } from './log-file.ts';

export type { Logger } from 'pino';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

/**
 * One JSON object a line, with the keys of the AWS VPC CNI's logs: `level`, `ts`, `msg`. A file that cannot be
 * written must not keep pods waiting: the lines go to stderr then, the first of them says why.
 *
 * @param options.file `stdout`, `stderr` (any case) or a path. An unknown level means `debug`.
 */
export function createLogger(options: { readonly file: string; readonly level: string }): Logger {
  const { file, level } = options;
  try {
    return logTo(destinationOf(file), level);
  } catch (error) {
    const log = logTo(stream(STDERR), level);
    log.warn({ err: error, variable: 'AWS_VPC_K8S_CNI_LOG_FILE', value: file }, CANNOT_WRITE);
    return log;
  }
}

const STDOUT = 1;
const STDERR = 2;
const CANNOT_WRITE =
  'the log file cannot be written, stderr is used: mount its directory, or set AWS_VPC_K8S_CNI_LOG_FILE to stdout';

const logTo = (destination: DestinationStream, level: string): Logger =>
  pino(
    {
      level: LEVELS.includes(level) ? level : 'debug',
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );

const stream = (dest: number): DestinationStream => pino.destination({ dest, sync: true });

function destinationOf(file: string): DestinationStream {
  switch (file.toLowerCase()) {
    case 'stdout':
      return stream(STDOUT);
    case 'stderr':
      return stream(STDERR);
    default:
      return openLogFile(file);
  }
}
