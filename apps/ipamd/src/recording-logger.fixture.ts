import type { Logger } from './logger.ts';

/** A line of the daemon's log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
  readonly facts: object;
}

/** The few methods of the logger that the daemon uses. */
export function createRecordingLogger(lines: LogLine[]): Logger {
  const writer = (level: LogLine['level']) => (first: unknown, text?: string) =>
    lines.push({
      level,
      text: typeof first === 'string' ? first : (text ?? ''),
      facts: typeof first === 'object' && first !== null ? first : {},
    });
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  } as unknown as Logger; // pino's type has two dozen members more
}
