import { isRefusal } from './ec2-refusal.ts';
import type { IntentKeeper, Wish } from './intent-keeper.ts';

/** Giving back takes several calls, or one that is repeated: an earlier one may have succeeded. */
const NEVER_CERTAINLY_UNDONE: ReadonlySet<Wish['kind']> = new Set(['unassign', 'delete-eni']);

/**
 * Asks EC2 for something that a crash must not forget. After a failure that is no refusal EC2 may have
 * done it all the same.
 */
export async function withIntent<T>(
  intents: IntentKeeper,
  wishFor: (intentId: string) => Wish,
  ask: (intentId: string) => Promise<T>,
): Promise<T> {
  const intentId = intents.newId();
  const wish = wishFor(intentId);
  await intents.begin(intentId, wish);
  try {
    const answer = await ask(intentId);
    intents.end(intentId, 'answered');
    return answer;
  } catch (error) {
    const isUndone = isRefusal(error) && !NEVER_CERTAINLY_UNDONE.has(wish.kind);
    intents.end(intentId, isUndone ? 'refused' : 'uncertain');
    throw error;
  }
}
