import type { Verb } from './api-request.ts';

/** One request that speaks of a resource. */
export interface JournalEntry {
  /** When it came in, Unix milliseconds. */
  readonly atMs: number;
  readonly user: string;
  readonly verb: Verb;
  /** As in rules: `pods`, `nodes/status`. */
  readonly resource: string;
  /** Empty where there is none. */
  readonly namespace: string;
  readonly name: string;
  /** Such as `fieldSelector`. */
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
}
