import { expect, test } from '@jest/globals';
import type { PlanLimits } from '@vpc-cni/warm-pool';
import { assignmentModeFor } from './assignment-mode.ts';
import { readConfig } from './config.ts';

const limits = { maxEnis: 3, addressesPerEni: 4 };

test.each<[string | undefined, PlanLimits, string, number]>([
  [undefined, { ...limits, hypervisor: 'nitro' }, 'address', 0],
  ['true', { ...limits, hypervisor: 'nitro' }, 'prefix', 0],
  ['true', { ...limits, hypervisor: 'unknown', isBareMetal: true }, 'prefix', 0],
  ['true', limits, 'prefix', 0],
  ['true', { ...limits, hypervisor: 'xen' }, 'address', 1],
  ['false', { ...limits, hypervisor: 'xen' }, 'address', 0],
])('ENABLE_PREFIX_DELEGATION=%s on %j: %s', (value, instance, mode, noticeCount) => {
  const notices: unknown[] = [];
  const { targets } = readConfig({ ENABLE_PREFIX_DELEGATION: value });
  const warn = (notice: unknown) => notices.push(notice);
  expect(assignmentModeFor(targets, instance, { warn })).toBe(mode);
  expect(notices).toEqual(
    Array(noticeCount).fill(expect.objectContaining({ variable: 'ENABLE_PREFIX_DELEGATION' })),
  );
});

test('IPv6 on an instance type without prefixes cannot be', () => {
  const { targets } = readConfig({ ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' });
  const noLog = { warn: () => {} };
  expect(() => assignmentModeFor(targets, { ...limits, hypervisor: 'xen' }, noLog)).toThrow(
    /ENABLE_IPv6 is true and this instance type cannot have prefixes .*xen/,
  );
  expect(assignmentModeFor(targets, { ...limits, hypervisor: 'nitro' }, noLog)).toBe('prefix');
});
