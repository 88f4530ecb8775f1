import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CniProcessRequest,
  type CniProcessResponse,
  handleRequest,
  KNOWN_VERSIONS,
  type PluginHandlers,
} from '@vpc-cni/cni-spec';
import { createPluginHandlers, type Refusal } from '@vpc-cni/plugin';
import { addressRoutes } from './address-routes.ts';
import { createCniServer } from './cni-server.ts';
import type { IpamdConfig } from './config.ts';
import type { Clock, Context } from './context.ts';
import { replayDeferredDels } from './deferred-dels.ts';
import { createIntrospectionServer } from './introspection.ts';
import { closed, listenOn, listenOnPort, listenOnSocket, makePrivateDirectory } from './listen.ts';
import type { Logger } from './logger.ts';
import { createMetrics, createMetricsServer } from './metrics.ts';
import { bringUpNode, type ReadyNode } from './node.ts';
import { refusingPorts } from './refusing-ports.ts';
import { createPhaseRunner, type StartupPhase } from './startup-phase.ts';

const SPOOL_SWEEP_MS = 10_000;

export interface IpamdOptions {
  readonly config: IpamdConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly version: string;
  /** Abort to end the daemon. */
  readonly signal: AbortSignal;
}

/**
 * Runs the daemon until `signal` aborts.
 *
 * It listens at once. While it starts, ADD is refused with the name of what it waits for, and DEL is
 * left to the launcher's spool, which is replayed before the first ADD.
 */
export async function runIpamd(options: IpamdOptions): Promise<void> {
  const { config, log, clock, version, signal } = options;
  const metrics = createMetrics(version);
  let phase: StartupPhase = { name: 'starting' };
  let node: ReadyNode | undefined;

  const context: Context = {
    ...options,
    metrics,
    phases: createPhaseRunner({
      clock,
      signal,
      onPhase: (current) => {
        phase = current;
        if (current.failure === undefined) log.info(current, 'start-up');
        else log.warn(current, 'start-up is held up');
      },
    }),
  };

  const starting = refusingPorts((): Refusal => refusalOf(phase));
  const startingHandlers = createPluginHandlers(starting);
  const respond = (request: CniProcessRequest, handlers: PluginHandlers, until: AbortSignal) =>
    handleRequest(request, handlers, {
      supportedVersions: KNOWN_VERSIONS,
      about: `AWS CNI ${version}`,
      isOwnNetns,
      signal: until,
    });

  async function answer(
    request: CniProcessRequest,
    until: AbortSignal,
  ): Promise<CniProcessResponse | undefined> {
    const command = request.environment['CNI_COMMAND'];
    if (node === undefined && command === 'DEL') return undefined;
    if (command === 'ADD') metrics.addRequests.inc();
    if (command === 'DEL') metrics.delRequests.inc({ reason: 'PodDeleted' });
    const startedAtMs = clock.nowMs();
    const response = await respond(request, node?.handlers ?? startingHandlers, until);
    logAnswer(log, request, response, clock.nowMs() - startedAtMs);
    return response;
  }

  const cniServer = createCniServer({
    answer,
    jsonRoutes: addressRoutes(() => node?.addresses ?? starting.addresses),
  });
  const metricsServer = createMetricsServer(metrics.registry);
  const introspectionServer = createIntrospectionServer(
    () => node?.views ?? { '/v1/startup': () => phase },
  );

  const replay = async (handlers: PluginHandlers) => {
    const spool = join(config.runDirectory, 'deferred-del');
    for (const done of await replayDeferredDels(spool, (r) => respond(r, handlers, signal))) {
      if (done.kind === 'done') log.info(done, 'deferred DEL carried out');
      else log.warn(done, 'deferred DEL failed, kept for later');
    }
  };

  await makePrivateDirectory(config.runDirectory);
  await listenOnSocket(cniServer, join(config.runDirectory, 'cni.sock'));
  if (config.metricsPort !== undefined) await listenOnPort(metricsServer, config.metricsPort);
  if (config.introspectionAddress !== undefined) {
    await listenOn(introspectionServer, config.introspectionAddress);
  }

  try {
    const ready = await bringUpNode(context);
    await context.phases.run('carrying out deferred DELs', () => replay(ready.handlers));
    ready.start();
    node = ready;
    log.info('ready');
    while (!signal.aborted) {
      await clock.sleep(SPOOL_SWEEP_MS, { signal });
      await replay(ready.handlers);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all([cniServer, metricsServer, introspectionServer].map(closed));
    await node?.stop();
  }
}

const refusalOf = ({ name, failure }: StartupPhase): Refusal => ({
  kind: 'refused',
  reason: 'starting',
  message: failure === undefined ? `ipamd is ${name}` : `ipamd is ${name}: ${failure}`,
});

/** The runtime passes the pod's namespace by path; two paths are one namespace if device and inode agree. */
function isOwnNetns(path: string): boolean {
  try {
    const [theirs, ours] = [statSync(path), statSync('/proc/self/ns/net')];
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch {
    return false;
  }
}

function logAnswer(
  log: Logger,
  { environment }: CniProcessRequest,
  { exitCode, stdout }: CniProcessResponse,
  elapsedMs: number,
): void {
  const facts = {
    command: environment['CNI_COMMAND'],
    containerId: environment['CNI_CONTAINERID'],
    ifName: environment['CNI_IFNAME'],
    elapsedMs,
  };
  if (facts.command === 'STATUS') return;
  if (exitCode === 0) log.info(facts, 'cni: done');
  else log.warn({ ...facts, exitCode, error: stdout }, 'cni: failed');
}
