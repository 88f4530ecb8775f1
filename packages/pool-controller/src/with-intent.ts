import { isRefusal } from './ec2-refusal.ts';
import type { IntentKeeper, Wish } from './intent-keeper.ts';

/**
 * Asks EC2 for something that a crash must not forget.
 *
 * After a failure that is no refusal EC2 may have done it all the same, and deleting an ENI takes several
 * calls, of which the first may have succeeded.
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
    const isUndone = isRefusal(error) && wish.kind !== 'delete-eni';
    intents.end(intentId, isUndone ? 'refused' : 'uncertain');
    throw error;
  }
}
