import {
  mergeTraces,
  type RecordedCall,
  type Trace,
  traceFromCalls,
} from '../../simulator/trace.ts';
import { burst, churn, cron, diurnal } from '../../simulator/trace-generators.ts';
import { readCount, readDuration, readKeyed } from './arguments.ts';
import { CliError } from './cli-error.ts';
import { fieldsOf, readJson } from './json-input.ts';
import type { Terminal } from './terminal.ts';

const HOUR_MS = 3_600_000;

/** How `--trace` is written, for help. */
export const TRACE_HELP =
  'burst:pods=50,over=10s,at=5m,life=1h | churn:pods=20,life=10m | cron:pods=10,every=5m,life=2m | ' +
  'diurnal:low=5,high=40,life=20m,period=24h | a file.json; given again, pods are added';

const GENERATORS: Readonly<Record<string, readonly string[]>> = {
  burst: ['pods', 'at', 'over', 'life'],
  churn: ['pods', 'life'],
  cron: ['pods', 'every', 'life', 'over'],
  diurnal: ['low', 'high', 'life', 'period'],
};

/**
 * The pods of all `--trace` options together.
 *
 * @param options.durationMs of generated traces; default an hour, or a day for `diurnal`.
 */
export async function readTraces(
  texts: readonly string[],
  options: { readonly durationMs: number | undefined; readonly seed: number },
  terminal: Terminal,
): Promise<Trace> {
  if (texts.length === 0) {
    throw new CliError('--trace', '', `say which pods come and go: ${TRACE_HELP}`);
  }
  const traces: Trace[] = [];
  for (const [index, text] of texts.entries()) {
    const [name = ''] = text.split(':');
    const seed = options.seed + index;
    traces.push(
      GENERATORS[name] === undefined
        ? await readTraceFile(text, terminal)
        : generated(text, { ...options, seed }),
    );
  }
  const merged = mergeTraces(traces);
  const durationMs = options.durationMs ?? merged.durationMs;
  return { durationMs, pods: merged.pods.filter(({ startAtMs }) => startAtMs < durationMs) };
}

function generated(
  text: string,
  { durationMs, seed }: { readonly durationMs: number | undefined; readonly seed: number },
): Trace {
  const [name = ''] = text.split(':');
  const field = `--trace ${name}`;
  const keyed = readKeyed(field, text, GENERATORS[name] ?? []);
  const required = (key: string): string => {
    const value = keyed.value(key);
    if (value === undefined) {
      throw new CliError(field, text, `add ${key}=…, as in ${TRACE_HELP}`);
    }
    return value;
  };
  const count = (key: string) => readCount(`${field} ${key}`, required(key), 1);
  const time = (key: string) => readDuration(`${field} ${key}`, required(key));
  const optional = (key: string, option: string) => {
    const value = keyed.value(key);
    return value === undefined ? {} : { [option]: readDuration(`${field} ${key}`, value) };
  };
  switch (name) {
    case 'burst':
      return burst({
        durationMs: durationMs ?? HOUR_MS,
        podCount: count('pods'),
        ...optional('at', 'atMs'),
        ...optional('over', 'overMs'),
        ...optional('life', 'lifetimeMs'),
      });
    case 'churn':
      return churn({
        durationMs: durationMs ?? HOUR_MS,
        seed,
        podCount: count('pods'),
        lifetimeMs: atLeast(`${field} life`, time('life')),
      });
    case 'cron':
      return cron({
        durationMs: durationMs ?? HOUR_MS,
        seed,
        podCount: count('pods'),
        everyMs: atLeast(`${field} every`, time('every')),
        lifetimeMs: time('life'),
        ...optional('over', 'overMs'),
      });
    default:
      return diurnal({
        durationMs: durationMs ?? 24 * HOUR_MS,
        seed,
        lowPodCount: count('low'),
        highPodCount: count('high'),
        lifetimeMs: atLeast(`${field} life`, time('life')),
        ...optional('period', 'periodMs'),
      });
  }
}

/** Shorter ones would make more pods than a machine has memory for. */
function atLeast(field: string, durationMs: number): number {
  if (durationMs < 100) {
    throw new CliError(field, `${durationMs}ms`, 'give at least 100ms');
  }
  return durationMs;
}

/** `{ durationMs, pods: [{ startAtMs, stopAtMs? }] }`, or a list of `{ atMs, kind, podId }`. */
async function readTraceFile(path: string, terminal: Terminal): Promise<Trace> {
  const field = `--trace ${path}`;
  const content = await readJson(field, path, terminal);
  if (Array.isArray(content)) {
    return traceFromCalls(content.map((call, index) => recordedCall(`${field} [${index}]`, call)));
  }
  const trace = fieldsOf(field, content);
  return {
    durationMs: trace.number('durationMs'),
    pods: trace.list('pods').map((pod, index) => {
      const one = fieldsOf(`${field} pods[${index}]`, pod);
      const stopAtMs = one.optionalNumber('stopAtMs');
      return {
        startAtMs: one.number('startAtMs'),
        ...(stopAtMs === undefined ? {} : { stopAtMs }),
      };
    }),
  };
}

function recordedCall(field: string, call: unknown): RecordedCall {
  const { number, text } = fieldsOf(field, call);
  const kind = text('kind');
  if (kind !== 'ADD' && kind !== 'DEL') {
    throw new CliError(`${field}.kind`, kind, 'write ADD or DEL');
  }
  return { atMs: number('atMs'), kind, podId: text('podId') };
}
