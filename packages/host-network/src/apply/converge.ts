import { diff } from '../desired/diff.ts';
import type { NetworkChange } from '../desired/network-change.ts';
import type { NetworkDescription } from '../desired/network-description.ts';
import { applyChanges, makeWay, type Place } from './apply-changes.ts';
import { createObserver } from './observe.ts';

/**
 * Makes what is described so, and touches nothing that is right already.
 *
 * @returns what it changed; nothing when all was well.
 */
export async function converge(
  place: Place,
  description: NetworkDescription,
): Promise<readonly NetworkChange[]> {
  const actual = await createObserver(place.netlink, place.netnsPath).observe(description);
  const changes = diff(actual, description);
  const done: NetworkChange[] = [];
  await makeWay(place, changes);
  applyChanges(place, changes, done);
  return done;
}
