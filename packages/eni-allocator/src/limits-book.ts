import type { AllocatorEventListener } from './allocator-events.ts';
import type { InstanceLimits } from './instance-limits.ts';
import { assumeLimits, type LimitFinding, learnLimits, limitsNow } from './learned-limits.ts';

/** The limits of this instance, as they turn out. */
export interface LimitsBook {
  /** `undefined` when nobody ever said what they are: then nothing is learned either. */
  now(): InstanceLimits | undefined;
  /** Tells the listener when this changes the limits. */
  note(finding: LimitFinding): void;
}

export function createLimitsBook(
  assumed: InstanceLimits | undefined,
  onEvent: AllocatorEventListener,
): LimitsBook {
  let learned = assumed === undefined ? undefined : assumeLimits(assumed);
  return {
    now: () => (learned === undefined ? undefined : limitsNow(learned)),
    note(finding) {
      if (learned === undefined) {
        return;
      }
      const before = JSON.stringify(limitsNow(learned));
      learned = learnLimits(learned, finding);
      const limits = limitsNow(learned);
      if (JSON.stringify(limits) !== before) {
        onEvent({ kind: 'limits-learned', finding, limits });
      }
    },
  };
}
