import type { StartedAction } from './action-ledger.ts';

const GROWTH: ReadonlySet<StartedAction['kind']> = new Set([
  'create-eni',
  'create-eni-with-prefixes',
  'assign-addresses',
  'assign-prefixes',
]);

/** Whether an action adds addresses to the pool. */
export const grows = ({ kind }: StartedAction): boolean => GROWTH.has(kind);
