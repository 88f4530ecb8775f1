/** What one network card of an instance takes. */
export interface NetworkCardLimit {
  readonly networkCardIndex: number;
  readonly maxEnis: number;
}

/** What an instance type can carry. A table of the caller's may have more fields. */
export interface InstanceLimits {
  /** ENIs on the default network card, where pods live; not EC2's total of all cards. */
  readonly maxEnis: number;
  /** EC2's figure: the primary address of the ENI counts, and so does each prefix, once. */
  readonly addressesPerEni: number;
  /** Default: one card, index 0, with `maxEnis`. */
  readonly networkCards?: readonly NetworkCardLimit[];
}

/** The network cards, as a list also where the limits name none. */
export const networkCardsOf = (limits: InstanceLimits): readonly NetworkCardLimit[] =>
  limits.networkCards ?? [{ networkCardIndex: 0, maxEnis: limits.maxEnis }];
