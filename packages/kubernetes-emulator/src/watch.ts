import { ApiError, badRequest, expired, statusOf } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import type { Clock } from './clock.ts';
import { fromStored } from './event-forms.ts';
import type { JsonObject } from './json.ts';
import { createLineFeed } from './line-feed.ts';
import type { Change, ObjectStore } from './object-store.ts';
import { apiVersionOf } from './resource-type.ts';
import type { Selector } from './selectors.ts';

/** A watch that goes on. */
export interface Watch {
  readonly lines: AsyncIterable<string>;
  /** Ends it: cleanly, or in the middle of a line. */
  end(error?: Error): void;
  /** Aborts when it has ended. */
  readonly ended: AbortSignal;
  /** From now on nothing is written any more, and the connection stays open. */
  freeze(): void;
}

export interface WatchOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Of the objects that the request speaks of, its selectors included. */
  readonly selects: Selector;
  readonly bookmarkIntervalMs: number;
  /** How long a watch lasts whose request does not say. */
  readonly timeoutMs: number;
}

/**
 * Writes the changes of a request's objects, one JSON object a line.
 *
 * A revision that is forgotten is answered by an ERROR event of code 410, as the real server does. An
 * object that no longer matches the selectors is DELETED to this watch.
 */
export function openWatch(request: ApiRequest, options: WatchOptions): Watch {
  const { store, clock, selects } = options;
  const ended = new AbortController();
  const { signal } = ended;
  const feed = createLineFeed(() => end());
  let isFrozen = false;
  const write = (type: string, object: JsonObject) => {
    if (!isFrozen) feed.push(`${JSON.stringify({ type, object })}\n`);
  };
  const writeChange = (change: Change) => {
    const type = eventType(change, selects);
    if (type !== undefined) write(type, fromStored(request.type, change.object));
  };
  const stop = store.onChange(request.type, writeChange);
  const end = (error?: Error) => {
    stop();
    ended.abort();
    feed.end(error);
  };

  try {
    for (const change of earlierChanges(request, options)) writeChange(change);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 410) {
      end();
      throw error;
    }
    write('ERROR', statusOf(error));
    end();
  }
  const every = options.bookmarkIntervalMs;
  if (request.query.get('allowWatchBookmarks') === 'true') {
    void repeat(clock, every, signal, () => write('BOOKMARK', bookmark(request, store.revision)));
  }
  const seconds = Number(request.query.get('timeoutSeconds') ?? Number.NaN);
  const timeoutMs = seconds > 0 ? 1_000 * seconds : options.timeoutMs;
  clock.sleep(timeoutMs, { signal }).then(
    () => end(),
    () => {}, // it has ended already
  );
  const freeze = () => {
    isFrozen = true;
  };
  return { lines: feed.lines, end, ended: signal, freeze };
}

/** What the watch begins with: everything there is, or what has changed since a revision. */
function earlierChanges(request: ApiRequest, { store }: WatchOptions): readonly Change[] {
  const asked = request.query.get('resourceVersion') ?? '';
  if (asked === '' || asked === '0') {
    return store.list(request.type).map((object) => ({
      revision: store.revision,
      kind: 'added',
      object,
      previous: undefined,
    }));
  }
  const revision = Number(asked);
  if (!Number.isInteger(revision)) {
    throw badRequest(`invalid resource version "${asked}"`);
  }
  const changes = store.changesSince(request.type, revision);
  if (changes === undefined) throw expired(revision, store.compactedRevision);
  return changes;
}

function eventType({ kind, object, previous }: Change, selects: Selector): string | undefined {
  const matches = kind !== 'deleted' && selects(object);
  const matched = previous !== undefined && selects(previous);
  if (matches) return matched ? 'MODIFIED' : 'ADDED';
  return matched ? 'DELETED' : undefined;
}

const bookmark = ({ type }: ApiRequest, revision: number): JsonObject => ({
  kind: type.kind,
  apiVersion: apiVersionOf(type),
  metadata: { resourceVersion: String(revision), creationTimestamp: null },
});

async function repeat(clock: Clock, everyMs: number, signal: AbortSignal, work: () => void) {
  while (!signal.aborted) {
    await clock.sleep(everyMs, { signal }).then(work, () => {});
  }
}
