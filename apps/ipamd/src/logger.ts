import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];

/**
 * One JSON object a line, with the keys of the AWS VPC CNI's logs: `level`, `ts`, `msg`.
 *
 * @param options.file `stdout`, `stderr` (any case) or a path. An unknown level means `debug`.
 */
export function createLogger(options: { readonly file: string; readonly level: string }): Logger {
  const level = LEVELS.includes(options.level) ? options.level : 'debug';
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: destinationOf(options.file), mkdir: true, sync: true }),
  );
}

function destinationOf(file: string): number | string {
  switch (file.toLowerCase()) {
    case 'stdout':
      return 1;
    case 'stderr':
      return 2;
    default:
      return file;
  }
}
