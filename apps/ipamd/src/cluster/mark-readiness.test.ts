import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createApiClient } from '@vpc-cni/kubernetes';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import type { Refusal } from '@vpc-cni/plugin';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createRecordingLogger, type LogLine } from '../recording-logger.fixture.ts';
import { markReadiness, type ReadinessMarks } from './mark-readiness.ts';

// Pains 10 and 39: a node is not ready before it can give an address, and its marks do not flap.

const name = { apiVersion: 'v1', kind: 'Node', name: 'a' };
const TAINT = { key: 'vpc-cni/agent-not-ready', effect: 'NoExecute' };
const OTHER = { key: 'other', effect: 'NoSchedule' };
const READY = { type: 'Ready', status: 'True' };
const NONE: Refusal = { kind: 'refused', reason: 'subnet-full', message: 'of 0 addresses' };

let clock: FakeClock;
let cluster: KubernetesEmulator;
let ending: AbortController;
let refusal: Refusal | undefined;
let lines: LogLine[];
let marking: Promise<void>;

beforeEach(() => {
  clock = createFakeClock();
  cluster = createKubernetesEmulator({ clock });
  cluster.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a' },
    spec: { taints: [TAINT, OTHER] },
    status: { conditions: [READY] },
  });
  ending = new AbortController();
  refusal = NONE;
  lines = [];
});
afterEach(async () => {
  ending.abort();
  await marking;
  await cluster.close();
});

function start(marks: ReadinessMarks): void {
  const client = createApiClient({ transport: cluster.inProcess, clock });
  const context = { clock, signal: ending.signal, log: createRecordingLogger(lines) };
  const readiness = { refusal: () => refusal };
  marking = markReadiness(context, { client, nodeName: 'a' }, { marks, readiness });
}

/** A field of the node, by its two names. */
const field = (part: 'spec' | 'status', field: string): unknown => {
  const fields = cluster.find(name)?.[part];
  return (fields as Readonly<Record<string, unknown>> | undefined)?.[field];
};
const taints = () => field('spec', 'taints');
const conditions = () => field('status', 'conditions');
const patches = () => cluster.journal.filter(({ verb }) => verb === 'patch');

describe('the start-up taint', () => {
  beforeEach(() => start({ startupTaint: TAINT.key, networkCondition: false }));

  test('goes within 100 ms of the first address, by one patch, and others stay', async () => {
    await clock.advance(30_000);
    expect([taints(), patches()]).toEqual([[TAINT, OTHER], []]);
    refusal = undefined;
    await clock.advance(100);
    expect(taints()).toEqual([OTHER]);
    await clock.advance(3_600_000);
    expect(patches()).toHaveLength(1);
  });

  test('goes in the end, although the right to patch comes late', async () => {
    refusal = undefined;
    const failure = { status: 403, reason: 'Forbidden', message: 'no', count: 3 } as const;
    cluster.knobs.failNext({ verb: 'patch', resource: 'nodes' }, failure);
    await clock.advance(20_000);
    expect(taints()).toEqual([OTHER]);
    expect(JSON.stringify(lines)).toContain('cannot be marked');
  });
});

describe('the condition NetworkUnavailable', () => {
  beforeEach(() => start({ startupTaint: '', networkCondition: true }));

  test('says so until there is an address, then no more, and leaves other conditions', async () => {
    await clock.advance(1_000);
    const unavailable = { type: 'NetworkUnavailable', status: 'True', message: NONE.message };
    expect(conditions()).toMatchObject([READY, unavailable]);
    refusal = undefined;
    await clock.advance(100);
    expect(conditions()).toMatchObject([READY, { type: 'NetworkUnavailable', status: 'False' }]);
    expect(patches().map(({ resource }) => resource)).toEqual(['nodes/status', 'nodes/status']);
    expect(taints()).toEqual([TAINT, OTHER]);
  });

  test('does not flap', async () => {
    refusal = undefined;
    await clock.advance(1_000);
    const before = patches().length;
    for (let count = 0; count < 20; count += 1) {
      refusal = NONE;
      await clock.advance(30_000);
      refusal = undefined;
      await clock.advance(30_000);
    }
    expect(patches()).toHaveLength(before);
    refusal = NONE;
    await clock.advance(70_000);
    expect(conditions()).toMatchObject([READY, { type: 'NetworkUnavailable', status: 'True' }]);
  });
});
