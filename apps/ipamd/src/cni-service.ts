import { join } from 'node:path';
import {
  CNI_ERROR,
  CniError,
  type CniProcessRequest,
  type CniProcessResponse,
  handleRequest,
  KNOWN_VERSIONS,
  type PluginHandlers,
} from '@vpc-cni/cni-spec';
import { isOwnNetns } from '@vpc-cni/cni-spec/plugin';
import type { CniAnswerer } from './cni-server.ts';
import type { Context } from './context.ts';
import { createDeferredDels, type Replay } from './deferred-dels.ts';
import type { Logger } from './logger.ts';

/** The plugins of the configuration list that the daemon serves, by the `type` of their entries. */
export interface ServedPlugins {
  readonly 'aws-cni': PluginHandlers;
  readonly 'egress-cni': PluginHandlers;
}

/** Answers CNI requests: by refusing them while the node starts, then with the node's handlers. */
export interface CniService {
  readonly answer: CniAnswerer;
  /**
   * Carries out the deferred DELs of an attachment, if it has any: its ADD must not come first. Says what
   * keeps it from that, if anything does.
   */
  carryOutDel(attachment: AttachmentRef): Promise<string | undefined>;
  /** Carries out the deferred DELs, then begins to serve. */
  begin(ready: {
    readonly plugins: ServedPlugins;
    /** Carry out DELs that were deferred, also later. */
    readonly forDeferred: ServedPlugins;
  }): Promise<void>;
  /** Carries out DELs that were deferred meanwhile. */
  sweep(): Promise<void>;
}

interface AttachmentRef {
  readonly containerId: string;
  readonly interfaceName: string;
}

export function createCniService(
  { config, log, clock, metrics, signal }: Context,
  options: { readonly version: string; readonly whileStarting: ServedPlugins },
): CniService {
  /** Undefined until the deferred DELs are carried out: nothing is served before them. */
  let serving: ServedPlugins | undefined;
  let forDeferred = options.whileStarting;

  const respond = (
    request: CniProcessRequest,
    handlers: PluginHandlers,
    until: AbortSignal,
  ): Promise<CniProcessResponse> =>
    handleRequest(request, handlers, {
      supportedVersions: KNOWN_VERSIONS,
      about: `AWS CNI ${options.version}`,
      isOwnNetns,
      signal: until,
    });

  const deferredDels = createDeferredDels(
    join(config.runDirectory, 'deferred-del'),
    (request) => respond(request, forDeferred[pluginOf(request)], signal),
    { nowMs: Date.now }, // as the file system's times
  );

  function report(replays: readonly Replay[]): void {
    for (const replay of replays) logReplay(log, replay);
  }

  async function carryOutDelOf(request: CniProcessRequest): Promise<string | undefined> {
    const replays = await deferredDels.replayBefore(request);
    report(replays);
    return replays.find((replay) => replay.kind === 'kept')?.failure;
  }

  return {
    answer: async (request, until) => {
      const command = request.environment['CNI_COMMAND'];
      // The launcher keeps this DEL; it is carried out before the first ADD.
      if (command === 'DEL' && serving === undefined) return undefined;
      const plugin = pluginOf(request);
      // As in the AWS VPC CNI, whose egress-cni asks the daemon nothing.
      if (plugin === 'aws-cni' && command === 'DEL')
        metrics.delRequests.inc({ reason: 'PodDeleted' });
      if (plugin === 'aws-cni' && command === 'ADD') metrics.addRequests.inc();
      const startedAtMs = clock.nowMs();
      let handlers = (serving ?? options.whileStarting)[plugin];
      // Without a deferred DEL nothing is waited for: an ADD keeps its turn before the DEL that follows it.
      if (command === 'ADD' && serving !== undefined && deferredDels.has(request)) {
        const failure = await carryOutDelOf(request);
        if (failure !== undefined) handlers = { ...handlers, add: refusingFor(failure) };
      }
      const response = await respond(request, handlers, until);
      logAnswer(log, { plugin, request, response, elapsedMs: clock.nowMs() - startedAtMs });
      return response;
    },
    carryOutDel: async ({ containerId, interfaceName }) => {
      const environment = { CNI_CONTAINERID: containerId, CNI_IFNAME: interfaceName };
      const request = { environment, stdin: '' };
      return deferredDels.has(request) ? carryOutDelOf(request) : undefined;
    },
    begin: async (ready) => {
      forDeferred = ready.forDeferred;
      report(await deferredDels.replayAll());
      serving = ready.plugins;
    },
    sweep: async () => {
      try {
        report(await deferredDels.replayAll());
      } catch (error) {
        log.warn({ err: error }, 'cannot carry out deferred DELs, trying again');
      }
    },
  };
}

/** An ADD must not come before its DEL: while that fails, so does the ADD. */
const refusingFor =
  (failure: string): NonNullable<PluginHandlers['add']> =>
  async () => {
    throw new CniError(
      CNI_ERROR.tryAgainLater,
      'an earlier DEL of this attachment is not carried out yet',
      failure,
    );
  };

function logReplay(log: Logger, replay: Replay): void {
  switch (replay.kind) {
    case 'done':
      log.info(replay, 'deferred DEL carried out');
      return;
    case 'kept':
      log.warn(replay, 'deferred DEL failed, kept for later');
      return;
    case 'refused':
      log.error(replay, 'deferred DEL can never succeed, set aside');
  }
}

/** Which plugin the launcher stands for; what cannot be read is refused as if it were for aws-cni. */
function pluginOf({ stdin }: CniProcessRequest): keyof ServedPlugins {
  try {
    const conf: { readonly type?: unknown } | null = JSON.parse(stdin);
    return conf?.type === 'egress-cni' ? 'egress-cni' : 'aws-cni';
  } catch {
    return 'aws-cni';
  }
}

function logAnswer(
  log: Logger,
  {
    plugin,
    request: { environment },
    response: { exitCode, stdout },
    elapsedMs,
  }: {
    readonly plugin: keyof ServedPlugins;
    readonly request: CniProcessRequest;
    readonly response: CniProcessResponse;
    readonly elapsedMs: number;
  },
): void {
  const facts = {
    plugin,
    command: environment['CNI_COMMAND'],
    containerId: environment['CNI_CONTAINERID'],
    ifName: environment['CNI_IFNAME'],
    elapsedMs,
  };
  // Runtimes poll STATUS.
  if (facts.command === 'STATUS') return;
  if (exitCode === 0) log.info(facts, 'cni: done');
  else log.warn({ ...facts, exitCode, error: stdout }, 'cni: failed');
}
