import type { Action } from '@vpc-cni/warm-pool';

/** What the controller did or met; for logs and metrics. */
export type PoolEvent =
  | { readonly kind: 'action-started'; readonly action: Action }
  | { readonly kind: 'action-done'; readonly action: Action; readonly elapsedMs: number }
  | { readonly kind: 'action-failed'; readonly action: Action; readonly error: unknown }
  | {
      readonly kind: 'eni-adopted';
      readonly eniId: string;
      /** Single ones. */
      readonly addressCount: number;
      readonly prefixCount: number;
    }
  | { readonly kind: 'eni-left-alone'; readonly eniId: string }
  /** Not attached to this instance any more; so many pods keep addresses of it. */
  | { readonly kind: 'eni-lost'; readonly eniId: string; readonly strandedCount: number }
  /** The ENI could not be adopted, corrected or repaired; the next comparison tries again. */
  | { readonly kind: 'eni-failed'; readonly eniId: string; readonly error: unknown }
  | {
      /** Single addresses, and prefixes as CIDRs. */
      readonly kind: 'addresses-corrected';
      readonly eniId: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      /** Held by pods although EC2 no longer assigns them to this ENI. */
      readonly stranded: readonly string[];
    }
  /** At the start EC2 did not answer: the ENIs are those that an earlier process knew. */
  | { readonly kind: 'ec2-unheard'; readonly error: unknown }
  | { readonly kind: 'observe-failed'; readonly error: unknown }
  /** ENIs that a crash or a failure may have left could not be deleted; the next comparison tries again. */
  | { readonly kind: 'leaks-left'; readonly error: unknown };
