import {
  type MergePatch,
  NODES,
  networkConditionPatch,
  type PatchedNode,
  patchObject,
  removeTaintPatch,
} from '@vpc-cni/kubernetes';
import type { ReadinessPort } from '@vpc-cni/plugin';
import type { Context } from '../context.ts';
import type { Cluster } from './cluster.ts';

/** What of the node's object shows whether it can serve pods; each only if it is asked for. */
export interface ReadinessMarks {
  /** Key of the taint that goes once the node can serve; empty for none. */
  readonly startupTaint: string;
  /** The condition `NetworkUnavailable`. */
  readonly networkCondition: boolean;
}

/** While the first address is waited for. */
const LOOK_MS = 100;
const LOOK_AGAIN_MS = 5_000;
/** A node that could serve is marked unavailable only if that lasts. */
const PATIENCE_MS = 60_000;

/**
 * Marks the node as able or unable to serve pods until the daemon ends: within 100 ms of its first address,
 * and once for each change.
 */
export async function markReadiness(
  { clock, log, signal }: Pick<Context, 'clock' | 'log' | 'signal'>,
  { client, nodeName: name }: Pick<Cluster, 'client' | 'nodeName'>,
  { marks, readiness }: { readonly marks: ReadinessMarks; readonly readiness: ReadinessPort },
): Promise<void> {
  const change = (subresource: 'status' | undefined, patchFor: (node: PatchedNode) => Patch) =>
    patchObject(client, { resource: NODES, name, ...(subresource && { subresource }) }, patchFor, {
      signal,
      clock,
    });

  async function mark(refusal: Awaited<ReturnType<ReadinessPort['refusal']>>): Promise<void> {
    if (marks.networkCondition) {
      const state =
        refusal === undefined
          ? { isUnavailable: false, reason: 'AddressAvailable', message: 'pods get addresses' }
          : { isUnavailable: true, reason: 'NoAddress', message: refusal.message };
      await change('status', (node) => networkConditionPatch(node, state, clock.nowMs()));
    }
    if (refusal === undefined && marks.startupTaint !== '') {
      await change(undefined, (node) => removeTaintPatch(node, marks.startupTaint));
    }
  }

  /** What the node is marked as; `undefined` before the first mark. */
  let isMarkedReady: boolean | undefined;
  let refusedSinceMs: number | undefined;
  let lastTrouble = '';
  while (!signal.aborted) {
    const refusal = await readiness.refusal();
    const nowMs = clock.nowMs();
    refusedSinceMs = refusal === undefined ? undefined : (refusedSinceMs ?? nowMs);
    const isReady = refusedSinceMs === undefined;
    const isPatient = isMarkedReady === true && nowMs - (refusedSinceMs ?? nowMs) < PATIENCE_MS;
    let waitMs = isReady ? LOOK_AGAIN_MS : LOOK_MS;
    if (isReady !== isMarkedReady && (isReady || !isPatient)) {
      try {
        await mark(refusal);
        isMarkedReady = isReady;
        log.info({ isReady, marks }, 'the node is marked');
      } catch (error) {
        if (signal.aborted) return;
        if (String(error) !== lastTrouble) {
          log.warn({ err: error }, 'the node cannot be marked, trying again');
        }
        lastTrouble = String(error);
        waitMs = LOOK_AGAIN_MS;
      }
    }
    await clock.sleep(waitMs, { signal }).catch(() => {}); // the end
  }
}

type Patch = MergePatch | undefined;
