import type { BranchPod } from './branch-pods.ts';

const VERSION = 'vpc-cni-branch-pods/1';

/** @param lagMs what the machine's time of day is ahead of the daemon's clock: the next process reads that one. */
export const encodeBranchPods = (pods: readonly BranchPod[], lagMs: number): string =>
  `${JSON.stringify({ version: VERSION, pods: pods.map((pod) => shifted(pod, lagMs)) })}\n`;

/**
 * Reads what {@link encodeBranchPods} wrote.
 *
 * @throws {TypeError} for anything else.
 */
export function decodeBranchPods(text: string, lagMs: number): readonly BranchPod[] {
  const file: unknown = JSON.parse(text);
  if (!hasMembers(file, { version: 'string', pods: 'object' }) || file['version'] !== VERSION) {
    throw new TypeError(`this is no file of version ${VERSION}: ${text.slice(0, 100)}`);
  }
  const pods = file['pods'];
  if (!Array.isArray(pods) || !pods.every(isBranchPod)) {
    throw new TypeError(`pods lack what was written of them: ${text.slice(0, 500)}`);
  }
  return pods.map((pod) => shifted(pod, -lagMs));
}

const shifted = (pod: BranchPod, ms: number): BranchPod => ({
  ...pod,
  reservedAtMs: Math.round(pod.reservedAtMs + ms),
});

type Members = Readonly<Record<string, 'string' | 'number' | 'object'>>;

const KEY: Members = { networkName: 'string', containerId: 'string', interfaceName: 'string' };
const BRANCH: Members = {
  vlanId: 'number',
  mac: 'string',
  router: 'string',
  trunkLinkIndex: 'number',
  mode: 'string',
};
const WIRING: Members = { netnsPath: 'string', vethPrefix: 'string', mtuBytes: 'number' };

function isBranchPod(value: unknown): value is BranchPod {
  if (!hasMembers(value, { key: 'object', address: 'string', branch: 'object' })) return false;
  const { key, branch, metadata, reservedAtMs } = value;
  return (
    typeof reservedAtMs === 'number' &&
    hasMembers(key, KEY) &&
    hasMembers(branch, BRANCH) &&
    (branch['mode'] === 'strict' || branch['mode'] === 'standard') &&
    hasMembers(metadata, { podNamespace: 'string', podName: 'string' }) &&
    (metadata['wiring'] === undefined || hasMembers(metadata['wiring'], WIRING))
  );
}

function hasMembers(
  value: unknown,
  members: Members,
): value is { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(members).every(([name, type]) => {
    const member: unknown = Reflect.get(value, name);
    return typeof member === type && member !== null;
  });
}
