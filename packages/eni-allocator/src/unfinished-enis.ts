import type { AllocatorContext } from './allocator-context.ts';
import type { Clock } from './clock.ts';
import type { EniId } from './ec2-ids.ts';
import { freeEni } from './free-eni.ts';
import type { CallOptions, EniTruth } from './ports.ts';

const ENDING_LIMIT_MS = 2_000;

/**
 * Deletes what a failed allocation made. When that fails too, the ENI is reported and remembered
 * for {@link deleteUnfinished}, and nothing is thrown: the caller has an error of its own to throw.
 *
 * An aborted allocation is cleaned up as well, as far as that takes a moment: a daemon that ends has
 * little time. An ENI that is attached by then is adopted by the next one.
 */
export async function discardEni(
  context: AllocatorContext,
  eniId: EniId,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { ec2, unfinished, onEvent } = context;
  const isEnding = signal?.aborted === true;
  const limit = isEnding ? abortAfter(context.clock, ENDING_LIMIT_MS) : undefined;
  const options = { signal: limit?.signal ?? signal };
  try {
    // Most were never attached. Those go without a look, so that throttled reads keep none of them.
    if ((await ec2.deleteEni(eniId, options)) === 'in-use' && !isEnding) {
      await freeEni(context, eniId, options);
    }
  } catch (error) {
    unfinished.add(eniId);
    onEvent({ kind: 'eni-leaked', eniId, error });
  } finally {
    limit?.cancel();
  }
}

/** A signal that aborts when the time is over. Cancel it when it is of no use any more. */
function abortAfter(clock: Clock, ms: number) {
  const limit = new AbortController();
  const cancelled = new AbortController();
  clock.sleep(ms, { signal: cancelled.signal }).then(
    () => limit.abort(new Error(`not done within ${ms} ms`)),
    () => {}, // cancelled
  );
  return { signal: limit.signal, cancel: () => cancelled.abort() };
}

/**
 * Tries again to delete every ENI that is remembered as unfinished, whatever its age: nobody is
 * waiting for it.
 */
export async function deleteUnfinished(
  context: AllocatorContext,
  options: CallOptions,
): Promise<{ readonly deleted: readonly EniId[]; readonly failures: readonly unknown[] }> {
  const deleted: EniId[] = [];
  const failures: unknown[] = [];
  for (const eniId of [...context.unfinished]) {
    try {
      if (await deleteUnlessAttached(context, eniId, options)) {
        deleted.push(eniId);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  return { deleted, failures };
}

/** What {@link deleteUnfinished} would delete: what is attached nowhere. */
export async function deletableUnfinished(
  { ec2, unfinished }: AllocatorContext,
  options: CallOptions,
): Promise<readonly EniTruth[]> {
  const enis =
    unfinished.size === 0 ? [] : await ec2.describeEnis({ eniIds: [...unfinished] }, options);
  return enis.filter((eni) => eni.attachmentId === undefined);
}

/**
 * Never detaches: an ENI that made it onto the instance shows in instance metadata, and whoever reads
 * that may have given its addresses to pods since. It only lacks its delete-on-termination.
 */
async function deleteUnlessAttached(
  { ec2, owner, unfinished }: AllocatorContext,
  eniId: EniId,
  options: CallOptions,
): Promise<boolean> {
  const outcome = await ec2.deleteEni(eniId, options);
  if (outcome !== 'in-use') {
    unfinished.delete(eniId);
    return outcome === 'deleted';
  }
  const [eni] = await ec2.describeEnis({ eniIds: [eniId] }, options);
  if (eni?.attachmentId === undefined || eni.status === 'detaching') {
    return false;
  }
  if (eni.instanceId === owner.instanceId) {
    await ec2.setDeleteOnTermination({ eniId, attachmentId: eni.attachmentId }, options);
  }
  unfinished.delete(eniId);
  return false;
}
