import { WarmPoolError } from '../warm-pool-error.ts';

/** A pod that needs an address of the pool. */
export interface TracePod {
  /** When it is created, in ms from the beginning of the trace. */
  readonly startAtMs: number;
  /** When it is deleted. Left out: it stays to the end. */
  readonly stopAtMs?: number;
}

/** Pods that come and go. */
export interface Trace {
  /** How long to look, in ms. */
  readonly durationMs: number;
  /** In any order. */
  readonly pods: readonly TracePod[];
}

/** An ADD or a DEL as a container runtime or a daemon has logged it. */
export interface RecordedCall {
  readonly atMs: number;
  readonly kind: 'ADD' | 'DEL';
  /** Container id, or whatever tells pods apart. */
  readonly podId: string;
}

/**
 * A trace from recorded ADDs and DELs, whose first call is at 0. Repeated ADDs count once; a DEL
 * without an ADD is a pod that was there from the beginning.
 *
 * @throws {WarmPoolError} `invalid-option` when the instants are no numbers.
 */
export function traceFromCalls(calls: readonly RecordedCall[]): Trace {
  const inOrder = [...calls].sort((a, b) => a.atMs - b.atMs);
  const firstAtMs = inOrder[0]?.atMs ?? 0;
  const startedAtMs = new Map<string, number>();
  const pods: TracePod[] = [];
  for (const { atMs, kind, podId } of inOrder) {
    if (kind === 'ADD') {
      startedAtMs.set(podId, startedAtMs.get(podId) ?? atMs - firstAtMs);
    } else {
      pods.push({ startAtMs: startedAtMs.get(podId) ?? 0, stopAtMs: atMs - firstAtMs });
      startedAtMs.delete(podId);
    }
  }
  pods.push(...[...startedAtMs.values()].map((startAtMs) => ({ startAtMs })));
  return checkedTrace({ durationMs: (inOrder.at(-1)?.atMs ?? firstAtMs) - firstAtMs, pods });
}

/** Traces on top of each other, as long as the longest. */
export const mergeTraces = (traces: readonly Trace[]): Trace => ({
  durationMs: Math.max(0, ...traces.map(({ durationMs }) => durationMs)),
  pods: traces.flatMap(({ pods }) => pods),
});

/**
 * The trace, its pods in order of their start.
 *
 * @throws {WarmPoolError} `invalid-option` naming the first field that makes no sense.
 */
export function checkedTrace(trace: Trace): Trace {
  demand('durationMs', trace.durationMs, 'a number of milliseconds from 0', isInstant);
  for (const [index, { startAtMs, stopAtMs }] of trace.pods.entries()) {
    demand(`pods[${index}].startAtMs`, startAtMs, 'a number of milliseconds from 0', isInstant);
    if (stopAtMs !== undefined) {
      const isLater = (value: number) => isInstant(value) && value >= startAtMs;
      demand(
        `pods[${index}].stopAtMs`,
        stopAtMs,
        `no earlier than its start, ${startAtMs}`,
        isLater,
      );
    }
  }
  return { ...trace, pods: [...trace.pods].sort((a, b) => a.startAtMs - b.startAtMs) };
}

const isInstant = (value: number): boolean => Number.isFinite(value) && value >= 0;

function demand(
  name: string,
  value: number,
  expected: string,
  holds: (value: number) => boolean,
): void {
  if (typeof value !== 'number' || !holds(value)) {
    throw new WarmPoolError(
      'invalid-option',
      `reading a trace: expected ${name} to be ${expected}, got ${value}`,
      {
        facts: { name, value: String(value) },
      },
    );
  }
}
