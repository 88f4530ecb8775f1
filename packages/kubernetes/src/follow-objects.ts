import type { ApiClient, Query } from './api-client.ts';
import { type BackOff, waitAfter } from './back-off.ts';
import { type Clock, systemClock } from './clock.ts';
import { isKubernetesError, type KubernetesError } from './kubernetes-error.ts';
import type { Resource } from './resources.ts';

/** Objects that are kept as the API server has them. */
export interface Followed<T> {
  /** By `namespace/name`, or `name`; empty until the first list. */
  readonly objects: ReadonlyMap<string, T>;
  /** Whether the objects were read once. */
  readonly isKnown: boolean;
  /** Why they may be out of date; `undefined` while all is well. */
  readonly trouble: KubernetesError | undefined;
  /** Resolves with the first value that `look` finds, now or after a change; rejects with the signal's reason. */
  until<R>(
    look: (objects: ReadonlyMap<string, T>) => R | undefined,
    options: { readonly signal: AbortSignal },
  ): Promise<R>;
  /** @returns to be called when it is enough. */
  onChange(listener: () => void): () => void;
  /** Resolves when following has ended, with the signal. */
  readonly ended: Promise<void>;
}

export interface FollowOptions<Raw, T> {
  readonly client: Pick<ApiClient, 'list' | 'watch'>;
  readonly resource: Resource;
  /** Such as `spec.nodeName=a`: what is not selected costs nothing. */
  readonly fieldSelector: string;
  /** What of an object is kept; only that stays in memory. */
  readonly keep: (object: Raw) => T;
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: () => number;
  /** Told of every failure, and with `undefined` when it is over. */
  readonly onTrouble?: (trouble: KubernetesError | undefined) => void;
  /** Abort to end. */
  readonly signal: AbortSignal;
}

interface Named {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
  };
}

const BACK_OFF: BackOff = { firstMs: 500, longestMs: 30_000 };
/** The server ends a watch after five to ten minutes, so that it can spread its clients. */
const SHORTEST_WATCH_S = 300;
/** Bookmarks come every minute; who hears nothing for longer holds a connection that is dead. */
const SILENCE_MS = 150_000;
/** A watch that ends sooner, with nothing said, was none. */
const SHORT_MS = 1_000;

/**
 * Keeps the selected objects of a resource: a list, and a watch from its version on, for as long as the
 * signal lets it.
 *
 * A watch that ends goes on from the version that was seen last, bookmarks included. One that the server
 * has forgotten, or whose connection breaks, is no reason to forget the objects: they are known, perhaps
 * out of date, until a new list replaces them.
 */
export function followObjects<Raw extends Named, T>(options: FollowOptions<Raw, T>): Followed<T> {
  const { client, resource, keep, signal } = options;
  const { clock = systemClock, random = Math.random, onTrouble = () => {} } = options;
  const selected: Query = { fieldSelector: options.fieldSelector };
  const listeners = new Set<() => void>();
  let objects = new Map<string, T>();
  let isKnown = false;
  let trouble: KubernetesError | undefined;
  let failureCount = 0;
  /** The version that was seen last; `undefined` when a list is needed. */
  let version: string | undefined;
  /** Any version will do at first, which spares the server; later ones must not be older than the last. */
  let listFrom: Query = { resourceVersion: '0' };

  const changed = () => {
    for (const listener of [...listeners]) listener();
  };
  const well = () => {
    failureCount = 0;
    if (trouble === undefined) return;
    trouble = undefined;
    onTrouble(undefined);
  };

  async function readList(): Promise<string> {
    const { items, metadata } = await client.list<{ items: Raw[] } & Named>(
      { resource },
      { ...selected, ...listFrom },
      { signal },
    );
    objects = new Map(items.map((object) => [keyOf(object), keep(object)]));
    isKnown = true;
    listFrom = {};
    well();
    changed();
    return metadata?.resourceVersion ?? '0';
  }

  async function readChanges(): Promise<void> {
    const seconds = Math.floor(SHORTEST_WATCH_S * (1 + random()));
    const query = {
      ...selected,
      resourceVersion: version ?? '0',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
    };
    const events = client.watch<Raw>({ resource }, query, {
      signal,
      silenceMs: SILENCE_MS,
      onOpen: well,
    });
    for await (const { type, object } of events) {
      version = object.metadata?.resourceVersion ?? version;
      if (type === 'BOOKMARK') continue;
      if (type === 'DELETED') objects.delete(keyOf(object));
      else objects.set(keyOf(object), keep(object));
      changed();
    }
  }

  async function follow(): Promise<void> {
    while (!signal.aborted) {
      const beganAtMs = clock.nowMs();
      try {
        version ??= await readList();
        await readChanges();
        // Ended as agreed; one that ends at once is not asked again at once.
        if (clock.nowMs() - beganAtMs < SHORT_MS) await clock.sleep(SHORT_MS, { signal });
      } catch (error) {
        if (signal.aborted) return;
        await recover(error);
      }
    }
  }

  async function recover(error: unknown): Promise<void> {
    if (!isKubernetesError(error)) throw error;
    failureCount += 1;
    if (error.code === 'gone') {
      version = undefined;
      if (failureCount === 1) return; // nothing is wrong, a list is due
    }
    // A connection that fell silent is simply made anew.
    if (error.code === 'overdue' && error.facts['timeoutMs'] === SILENCE_MS && failureCount === 1) {
      return;
    }
    trouble = error;
    onTrouble(error);
    await clock.sleep(waitAfter(failureCount, BACK_OFF, random()), { signal }).catch(() => {}); // the end
  }

  const ended = follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });

  return {
    get objects() {
      return objects;
    },
    get isKnown() {
      return isKnown;
    },
    get trouble() {
      return trouble;
    },
    ended,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    until: (look, { signal: waiting }) =>
      new Promise((resolve, reject) => {
        const seeIfThere = () => {
          const found = look(objects);
          if (found === undefined) return;
          stop();
          resolve(found);
        };
        const giveUp = () => {
          stop();
          reject(waiting.reason);
        };
        const stop = () => {
          listeners.delete(seeIfThere);
          waiting.removeEventListener('abort', giveUp);
        };
        if (waiting.aborted) return giveUp();
        waiting.addEventListener('abort', giveUp, { once: true });
        listeners.add(seeIfThere);
        seeIfThere();
      }),
  };
}

const keyOf = ({ metadata: { namespace, name = '' } = {} }: Named): string =>
  namespace === undefined ? name : `${namespace}/${name}`;
