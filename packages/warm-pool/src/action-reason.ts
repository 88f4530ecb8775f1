/** Why the pool grows. */
export type GrowthReason =
  | 'pods-waiting'
  | 'below-warm-enis'
  | 'below-warm-ips'
  | 'below-warm-prefixes'
  | 'below-minimum'
  /** Leftovers of the other assignment mode can go once this is there. */
  | 'replaces-leftovers'
  /** With IPv6 every ENI has one prefix. */
  | 'no-ipv6-prefix';

/** Why addresses or prefixes go back to EC2. */
export type ReturnReason =
  | 'above-targets'
  /** Of the other assignment mode; what replaces it is there, or needs its slot. */
  | 'leftover'
  /** On an ENI whose addresses no pod may get. */
  | 'unusable';
