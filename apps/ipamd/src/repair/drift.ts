import type { Context } from '../context.ts';

/** Tells of what somebody else had changed, and counts it; `changes` are those that undid it. */
export function noteDrift(
  { log, metrics }: Pick<Context, 'log' | 'metrics'>,
  object: 'host' | 'eni' | 'pod',
  changes: readonly string[],
  facts: object = {},
): void {
  if (changes.length === 0) return;
  metrics.driftRepairs.inc({ object }, changes.length);
  log.warn({ ...facts, changes }, 'networking that somebody else had changed is repaired');
}
