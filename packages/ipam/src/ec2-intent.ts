import type { Ec2Block } from './ec2-block.ts';
import type { EniId } from './eni-description.ts';

/**
 * What EC2 is about to be asked for. It is made durable before the call, so that a process that dies
 * during the call leaves something for the next one to find.
 */
export type Ec2Intent = {
  /** Chosen by the caller; what a later step of the same operation replaces. */
  readonly intentId: string;
  /** Unix milliseconds. */
  readonly atMs: number;
} & (
  | {
      readonly kind: 'create-eni';
      /** Makes EC2 answer a repeated call with the ENI of the first. */
      readonly clientToken: string;
      readonly networkCardIndex: number;
    }
  | {
      readonly kind: 'attach-eni';
      readonly eniId: EniId;
      readonly networkCardIndex: number;
      readonly deviceNumber: number;
    }
  | { readonly kind: 'assign-addresses'; readonly eniId: EniId; readonly count: number }
  | { readonly kind: 'assign-prefixes'; readonly eniId: EniId; readonly count: number }
  | {
      readonly kind: 'unassign';
      readonly eniId: EniId;
      readonly blocks: readonly Ec2Block[];
    }
  /** Detaching and deleting. */
  | { readonly kind: 'delete-eni'; readonly eniId: EniId }
);
