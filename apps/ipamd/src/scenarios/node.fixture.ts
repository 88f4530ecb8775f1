import type { RunningInstance } from '@vpc-cni/aws-emulator';
import type { Environment } from '@vpc-cni/config';
import type { DeskReply } from '@vpc-cni/pool-controller';
import { type Daemon, type DaemonOptions, type DaemonSite, startDaemon } from './daemon.fixture.ts';
import { createFate, type FateOptions } from './fate.fixture.ts';
import { createMemoryDisk } from './memory-disk.fixture.ts';
import { createMemoryHost } from './memory-host.fixture.ts';
import type { Witness } from './witness.fixture.ts';

/** What became of one ADD. */
export type AddReply = DeskReply | { readonly kind: 'died' };

/** A node: an instance with a disk, a kernel, and one daemon at a time. */
export interface Node {
  readonly instance: RunningInstance;
  readonly site: DaemonSite;
  /** The latest one. */
  readonly daemon: Daemon;
  /** Starts a daemon; the one before must be gone. */
  start(environment?: Environment, options?: StartOptions): Daemon;
  /** SIGKILL. */
  kill(): void;
  /** Ends the daemon, and lets time pass until it has. */
  stop(): Promise<void>;
  /** One ADD of a container runtime: reserves an address and wires the pod. */
  add(podName: string, signal?: AbortSignal): Promise<AddReply>;
  /** One DEL; false when the daemon died meanwhile. */
  del(podName: string): Promise<boolean>;
}

export type StartOptions = DaemonOptions & FateOptions;

export const keyOf = (podName: string) => ({
  networkName: 'aws-cni',
  containerId: podName,
  interfaceName: 'eth0',
});

export function createNode(
  {
    witness,
    ...world
  }: Pick<DaemonSite, 'cloud' | 'cluster' | 'clock'> & { readonly witness: Witness },
  instance: RunningInstance,
  usualEnvironment: Environment,
): Node {
  const { cloud, clock } = world;
  const { instanceId } = instance;
  const presentMacs = () =>
    cloud
      .describe()
      .enis.filter((eni) => eni.instanceId === instanceId && eni.status === 'in-use')
      .map(({ mac }) => mac);
  const host = createMemoryHost(clock, presentMacs);
  const site: DaemonSite = { ...world, instanceId, disk: createMemoryDisk(), host };
  let daemon: Daemon | undefined;

  const current = (): Daemon => {
    if (daemon === undefined) throw new Error('no daemon was started');
    return daemon;
  };

  return {
    instance,
    site,
    get daemon() {
      return current();
    },
    start: (environment = usualEnvironment, options = {}) => {
      daemon = startDaemon(site, environment, createFate(options), options);
      return daemon;
    },
    kill: () => current().fate.kill(),
    stop: async () => {
      const stopping = current().stop();
      await clock.advance(1_000);
      await stopping;
    },
    add: async (podName, signal = new AbortController().signal) => {
      const { fate, ready } = current();
      const asking = ready.then(({ desk }) =>
        desk.reserve(keyOf(podName), { podNamespace: 'default', podName }, { signal }),
      );
      const reply = await Promise.race([asking, fate.died.then(() => DIED)]);
      if (reply.kind === 'reserved' && !fate.isDead) {
        const [{ address }] = reply.reservations;
        witness.handedOut({ instanceId, podName }, address);
        host.wire({ podName, address });
      }
      return fate.isDead ? DIED : reply;
    },
    del: async (podName) => {
      const { fate, ready } = current();
      host.pods.delete(podName);
      witness.released({ instanceId, podName });
      await Promise.race([ready.then(({ desk }) => desk.release(keyOf(podName))), fate.died]);
      return !fate.isDead;
    },
  };
}

const DIED = { kind: 'died' } as const;
