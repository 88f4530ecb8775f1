import type { Emulator, InstanceId } from '@vpc-cni/aws-emulator';
import type { Environment } from '@vpc-cni/config';
import type { KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import type { FakeClock } from '@vpc-cni/testing';
import { type Addresses, openAddresses } from '../addresses.ts';
import { connectToAws } from '../aws.ts';
import { connectToCluster } from '../cluster/cluster.ts';
import { readConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { hostSettings } from '../host-settings.ts';
import { createMetrics } from '../metrics.ts';
import { readNetworkFacts } from '../network-facts.ts';
import { bringUpPool, type Pool, type PoolSurroundings } from '../pool.ts';
import { createRecordingLogger, type LogLine } from '../recording-logger.fixture.ts';
import { createPhaseRunner, type StartupPhase } from '../startup-phase.ts';
import { type Fate, subjectTo, unlessDead } from './fate.fixture.ts';
import type { MemoryDisk } from './memory-disk.fixture.ts';
import type { MemoryHost } from './memory-host.fixture.ts';

/** What a daemon runs on. */
export interface DaemonSite {
  readonly cloud: Emulator;
  readonly clock: FakeClock;
  /** The cluster that the node is in. Default: none. */
  readonly cluster?: KubernetesEmulator | undefined;
  readonly instanceId: InstanceId;
  readonly disk: MemoryDisk;
  readonly host: MemoryHost;
}

/** ipamd, all of it but the CNI socket and the kernel, as one process of a node. */
export interface Daemon {
  readonly fate: Fate;
  readonly log: readonly LogLine[];
  /** What it is doing before it is ready. */
  readonly phase: StartupPhase;
  /** Once it is up; never, if it is killed before. */
  readonly ready: Promise<Pool>;
  /** Its pool, once it is ready. */
  readonly pool: Pool | undefined;
  /** Where pods have their addresses from, once it is ready. */
  readonly addresses: Addresses | undefined;
  readonly metrics: Context['metrics'];
  /** SIGTERM. */
  stop(): Promise<void>;
}

export type DaemonOptions = Pick<PoolSurroundings, 'sandboxes' | 'random'>;

const CREDENTIALS = { accessKeyId: 'any', secretAccessKey: 'any' };

export function startDaemon(
  site: DaemonSite,
  environment: Environment,
  fate: Fate,
  options: DaemonOptions = {},
): Daemon {
  const { cloud, instanceId, disk, host } = site;
  const clock = { nowMs: site.clock.nowMs, sleep: unlessDead(fate, site.clock.sleep) };
  const stopping = new AbortController();
  const { signal } = stopping;
  const log: LogLine[] = [];
  let phase: StartupPhase = { name: 'starting' };
  let pool: Pool | undefined;
  let addresses: Addresses | undefined;

  const context: Context = {
    config: readConfig(environment),
    log: createRecordingLogger(log),
    clock,
    wallNowMs: clock.nowMs,
    metrics: createMetrics('0'),
    signal,
    phases: createPhaseRunner({
      clock,
      signal,
      onPhase: (current) => {
        phase = current;
      },
    }),
  };
  const { handle, ...handler } = cloud.inProcess.ec2;
  const askEc2 = subjectTo(fate, ({ body }) => `EC2 ${actionOf(body)}`, handle);
  const askImds = cloud.inProcess.imds(instanceId);
  const ways = {
    imds: { clock, transport: unlessDead(fate, askImds) },
    ec2: { requestHandler: { ...handler, handle: askEc2 }, credentials: CREDENTIALS },
  };

  const bringUp = async (): Promise<Pool> => {
    const cluster = await connectToCluster(context, {
      random: () => 0,
      ...(site.cluster === undefined
        ? {}
        : { transport: unlessDead(fate, site.cluster.inProcess) }),
    });
    const aws = await connectToAws(context, cluster, ways);
    const { imds, instance } = aws;
    const facts = await readNetworkFacts(context, { imds, primaryMac: instance.primaryMac });
    const settings = () => hostSettings(context.config, instance, facts.current);
    const network = host.open(fate);
    const fileSystem = disk.mount(fate);
    const up = await bringUpPool({
      random: () => 0,
      ...options,
      context,
      aws,
      facts,
      cluster,
      host: { network, settings },
      fileSystem,
    });
    addresses = await openAddresses(context, {
      pool: up,
      cluster,
      network,
      fileSystem,
      random: () => 0,
    });
    up.start();
    pool = up;
    return up;
  };

  const ready = bringUp();
  ready.catch(() => {}); // whoever waits for it hears of it
  return {
    fate,
    log,
    ready,
    metrics: context.metrics,
    get phase() {
      return phase;
    },
    get pool() {
      return pool;
    },
    get addresses() {
      return addresses;
    },
    stop: async () => {
      stopping.abort(new Error('ended by SIGTERM'));
      await pool?.stop();
    },
  };
}

const actionOf = (body: unknown): string =>
  new URLSearchParams(typeof body === 'string' ? body : '').get('Action') ?? 'unknown';
