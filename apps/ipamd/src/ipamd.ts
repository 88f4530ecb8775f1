import { join } from 'node:path';
import { createPluginHandlers, type Refusal } from '@vpc-cni/plugin';
import { createCniServer } from './cni-server.ts';
import { createCniService } from './cni-service.ts';
import type { IpamdConfig } from './config.ts';
import type { Clock, Context } from './context.ts';
import { grpcListeners } from './grpc/grpc-listeners.ts';
import { grpcServices } from './grpc/grpc-services.ts';
import { createHealthServer } from './health-server.ts';
import { createIntrospectionServer } from './introspection.ts';
import {
  type ClosableServer,
  closed,
  keepTrying,
  listenOn,
  listenOnPort,
  listenOnSocket,
  makePrivateDirectory,
} from './listen.ts';
import type { Logger } from './logger.ts';
import { createMetrics, createMetricsServer } from './metrics.ts';
import { bringUpNode, type ReadyNode } from './node.ts';
import { refusingPorts } from './refusing-ports.ts';
import { socketRoutes } from './socket-routes.ts';
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
 * left to the launcher's spool, which is carried out before the first ADD.
 */
export async function runIpamd(options: IpamdOptions): Promise<void> {
  const { config, log, clock, version } = options;
  const ending = new AbortController();
  // Whatever ends the daemon ends everything it has begun.
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const metrics = createMetrics(version);
  let phase: StartupPhase = { name: 'starting' };
  let node: ReadyNode | undefined;

  const onPhase = (current: StartupPhase) => {
    phase = current;
    if (current.failure === undefined) log.info(current, 'start-up');
    else log.warn(current, 'start-up is held up');
  };
  const phases = createPhaseRunner({ clock, signal, onPhase });
  const wallNowMs = Date.now;
  const context: Context = { config, log, clock, wallNowMs, metrics, signal, phases };

  const starting = refusingPorts(() => refusalOf(phase));
  // What refuses every pod refuses its egress too.
  const refusing = createPluginHandlers(starting);
  const whileStarting = { 'aws-cni': refusing, 'egress-cni': refusing };
  const service = createCniService(context, { version, whileStarting });
  const cniServer = createCniServer({
    answer: service.answer,
    jsonRoutes: socketRoutes(() => node?.ports ?? starting),
  });
  const healthServer = createHealthServer({
    refusal: () => (node?.ports ?? starting).readiness.refusal(),
    phase: () => (node === undefined ? phase : undefined),
  });
  const metricsServer = createMetricsServer(metrics.registry);
  const introspectionServer = createIntrospectionServer(
    () => node?.views ?? { '/v1/startup': () => phase },
  );

  const { healthAddress, metricsPort, introspectionAddress } = config;
  const servers: ClosableServer[] = [cniServer, healthServer, metricsServer, introspectionServer];
  const show = (what: string, listen: () => Promise<void>) =>
    keepTrying(listen, {
      clock,
      signal,
      onFailure: (error) => log.warn({ err: error }, `cannot listen for ${what}, trying again`),
    });

  try {
    await makePrivateDirectory(config.runDirectory);
    await listenOnSocket(cniServer, join(config.runDirectory, 'cni.sock'));
    if (healthAddress !== undefined) {
      void show('health', () => listenOn(healthServer, healthAddress));
    }
    if (metricsPort !== undefined) {
      void show('metrics', () => listenOnPort(metricsServer, metricsPort));
    }
    if (introspectionAddress !== undefined) {
      void show('introspection', () => listenOn(introspectionServer, introspectionAddress));
    }
    const ready = await bringUpNode(context);
    await phases.run('carrying out deferred DELs', () => service.begin(ready));
    node = ready;
    ready.start();
    // Who finds the socket takes the node for ready.
    const services = grpcServices({
      ...ready,
      carryOutDel: service.carryOutDel,
      version,
      metrics,
      log,
    });
    for (const { name, server, listen } of grpcListeners(config, services)) {
      servers.push(server);
      void show(name, listen);
    }
    log.info('ready');
    while (!signal.aborted) {
      await clock.sleep(SPOOL_SWEEP_MS, { signal });
      await service.sweep();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ending.abort();
    await Promise.all(servers.map(closed));
    await node?.stop();
  }
}

const refusalOf = ({ name, failure }: StartupPhase): Refusal => ({
  kind: 'refused',
  reason: 'starting',
  message: failure === undefined ? `ipamd is ${name}` : `ipamd is ${name}: ${failure}`,
});
