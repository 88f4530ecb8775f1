import type { ApiClient, CallOptions, Patch } from './api-client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isKubernetesError } from './kubernetes-error.ts';
import type { Subject } from './resources.ts';

/** An object as far as a safe patch needs to know it. */
export interface Versioned {
  readonly metadata?: { readonly resourceVersion?: string; readonly uid?: string };
}

/** How a change came out; `unchanged` when there was nothing to change. */
export type PatchOutcome = 'patched' | 'unchanged';

const ATTEMPTS = 5;
const FIRST_WAIT_MS = 10;

/**
 * Changes an object without undoing what others do to it meanwhile: reads it, asks `patchFor` what to
 * change, and patches exactly the version that was read. When somebody was faster, all of it is done
 * again, up to five times.
 *
 * @param patchFor a merge patch, or `undefined` when the object is as it should be. Pure: it may be asked
 *   several times.
 * @throws {KubernetesError} `conflict` when others are always faster, and whatever the calls reject with.
 */
export async function patchObject<T extends Versioned>(
  client: Pick<ApiClient, 'get' | 'patch'>,
  subject: Subject,
  patchFor: (object: T) => MergePatch | undefined,
  { signal, clock = systemClock }: CallOptions & { readonly clock?: Clock },
): Promise<PatchOutcome> {
  const { subresource: _, ...object } = subject;
  for (let attempt = 1; ; attempt += 1) {
    const current = await client.get<T>(object, { signal });
    const patch = patchFor(current);
    if (patch === undefined) return 'unchanged';
    try {
      await client.patch(subject, onVersion(patch, current), { signal });
      return 'patched';
    } catch (error) {
      const isConflict = isKubernetesError(error) && error.code === 'conflict';
      if (!isConflict || attempt === ATTEMPTS) throw error;
    }
    await clock.sleep(FIRST_WAIT_MS * 3 ** attempt, { signal });
  }
}

/** A JSON merge patch of an object. */
export interface MergePatch {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** With the version in it, the server takes it for that version only; with the uid, for that object. */
function onVersion(patch: MergePatch, { metadata = {} }: Versioned): Patch {
  const { resourceVersion, uid } = metadata;
  return {
    kind: 'merge',
    patch: { ...patch, metadata: { ...patch.metadata, resourceVersion, uid } },
  };
}
