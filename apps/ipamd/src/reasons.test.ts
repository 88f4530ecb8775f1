import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { RefusalReason } from '@vpc-cni/plugin';

/** A record, so that no reason is forgotten. */
const everyReason: Readonly<Record<RefusalReason, true>> = {
  starting: true,
  'capacity-pending': true,
  cooling: true,
  'eni-limit': true,
  'no-free-prefix': true,
  'at-max-pods': true,
  'subnet-full': true,
  throttled: true,
  permission: true,
  'ec2-unavailable': true,
  'checkpoint-unwritable': true,
  'not-schedulable': true,
  'provisioning-disabled': true,
  terminating: true,
  'eni-absent': true,
  kubernetes: true,
  'branch-eni-pending': true,
  'multi-nic-disabled': true,
};

test('docs/reasons.md tells operators of every reason, and of no other', () => {
  const page = readFileSync(new URL('../../../docs/reasons.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, reason]) => reason);
  expect(documented.sort()).toEqual(Object.keys(everyReason).sort());
});
