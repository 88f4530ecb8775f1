import { expect, test } from '@jest/globals';
import { maxPods } from './max-pods.ts';

// Reference behaviour, "Instance limits and max pods".
test.each([
  { type: 't3.nano', maxEnis: 2, addressesPerEni: 2, pods: 4 },
  { type: 'a1.medium', maxEnis: 2, addressesPerEni: 4, pods: 8 },
  { type: 't3.small', maxEnis: 3, addressesPerEni: 4, pods: 11 },
  { type: 't3.medium', maxEnis: 3, addressesPerEni: 6, pods: 17 },
  { type: 'm5.large', maxEnis: 3, addressesPerEni: 10, pods: 29 },
  { type: 't3.xlarge', maxEnis: 4, addressesPerEni: 15, pods: 58 },
  { type: 'm4.4xlarge', maxEnis: 8, addressesPerEni: 30, pods: 234 },
  { type: 'p3dn.24xlarge', maxEnis: 15, addressesPerEni: 50, pods: 737 },
  { type: 'p5.48xlarge', maxEnis: 2, addressesPerEni: 50, pods: 100 },
])('$type runs $pods pods', ({ maxEnis, addressesPerEni, pods }) => {
  expect(maxPods({ maxEnis, addressesPerEni })).toBe(pods);
});
