import { tmpdir } from 'node:os';
import { join } from 'node:path';

const lane = (displayName, testMatch, testPathIgnorePatterns) => ({
  displayName,
  rootDir: import.meta.dirname,
  // Not by user id, as by default: in a user namespace everybody's is that of root.
  cacheDirectory: join(tmpdir(), `jest-${process.env['USER'] ?? 'root'}`),
  roots: ['<rootDir>/packages', '<rootDir>/apps', '<rootDir>/tools', '<rootDir>/deploy'],
  testMatch,
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '/boundaries/fixtures/',
    ...testPathIgnorePatterns,
  ],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@vpc-cni/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/tools/strip-types-transform.mjs' },
});

export default {
  projects: [
    // Pure and instant: no privileges, no waiting.
    lane('unit', ['**/*.test.ts'], ['\\.(netns|vlan|browser|chart)\\.test\\.ts$']),
    // A real kernel: network namespaces, netlink, iptables. Run inside tools/in-namespace.sh.
    lane('netns', ['**/*.netns.test.ts'], []),
    // A kernel that knows VLANs, which many have no module for. Run inside tools/in-vlan-vm.sh.
    lane('vlan', ['**/*.vlan.test.ts'], []),
    // A real browser, which tools/setup.sh tests brings.
    lane('browser', ['**/*.browser.test.ts'], []),
    // Helm and kubectl, the former built by deploy/tools/build.sh; no cluster.
    lane('chart', ['**/*.chart.test.ts'], []),
  ],
  testTimeout: 60_000,
};
