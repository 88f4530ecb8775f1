import type { Refusal } from '@vpc-cni/plugin';

/** How a wait ended. */
export type Waited =
  | { readonly kind: 'usable' }
  /** `culprit` is what stood in the way at the end, in the daemon's words. */
  | { readonly kind: 'timed-out'; readonly culprit: string };

/** Between two questions to the daemon: how late a node may be told to be ready. */
const ASK_EVERY_MS = 100;
/** Between two reports: reasons have figures in them that change all the time. */
const REPORT_EVERY_MS = 1_000;

/**
 * Waits until the daemon could give a pod an address.
 *
 * @param options.ask what stands in the way now; `undefined` when nothing does.
 * @param options.onCulprit is told when something else stands in the way than before, once a second at most.
 */
export async function waitForAddress(options: {
  readonly ask: () => Promise<Pick<Refusal, 'message'> | undefined>;
  readonly limitMs: number;
  readonly clock: { monotonicMs(): number; sleep(ms: number): Promise<void> };
  readonly onCulprit: (culprit: string) => void;
}): Promise<Waited> {
  const { ask, limitMs, clock, onCulprit } = options;
  const startedAtMs = clock.monotonicMs();
  let reported: { readonly message: string; readonly atMs: number } | undefined;
  for (;;) {
    const refusal = await ask();
    if (refusal === undefined) return { kind: 'usable' };
    const nowMs = clock.monotonicMs();
    const isNews = refusal.message !== reported?.message;
    if (isNews && nowMs - (reported?.atMs ?? Number.NEGATIVE_INFINITY) >= REPORT_EVERY_MS) {
      onCulprit(refusal.message);
      reported = { message: refusal.message, atMs: nowMs };
    }
    if (nowMs - startedAtMs >= limitMs) {
      return { kind: 'timed-out', culprit: refusal.message };
    }
    await clock.sleep(ASK_EVERY_MS);
  }
}
