import type { Action } from '@vpc-cni/warm-pool';

/** What the controller did or met; for logs and metrics. */
export type PoolEvent =
  | { readonly kind: 'action-started'; readonly action: Action }
  | { readonly kind: 'action-done'; readonly action: Action; readonly elapsedMs: number }
  | { readonly kind: 'action-failed'; readonly action: Action; readonly error: unknown }
  | { readonly kind: 'eni-adopted'; readonly eniId: string; readonly addressCount: number }
  | { readonly kind: 'eni-left-alone'; readonly eniId: string }
  | { readonly kind: 'eni-lost'; readonly eniId: string; readonly reservedCount: number }
  | {
      readonly kind: 'addresses-corrected';
      readonly eniId: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      /** Reserved by pods although EC2 no longer assigns them to this ENI. */
      readonly lost: readonly string[];
    }
  | { readonly kind: 'observe-failed'; readonly error: unknown };
