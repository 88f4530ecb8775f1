import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { PolicyFailure, PolicyPort } from '@vpc-cni/plugin';
import type { Logger } from '../logger.ts';
import { NPBackend } from './gen/policy-agent_pb.ts';

/** How long it is waited for the agent; in milliseconds. */
export interface AgentLimits {
  /** Until it can be asked. */
  readonly connectMs: number;
  /** Until it has taken a pod on. */
  readonly enforceMs: number;
  /** Until it has heard that a pod is gone. */
  readonly forgetMs: number;
}

/**
 * The first is the AWS VPC CNI's; there the others wait for ever. All of them, and the longest usual wait for an
 * address, fit into the launcher's limits (110 s for an ADD, 20 s for a DEL).
 */
const LIMITS: AgentLimits = { connectMs: 2_000, enforceMs: 60_000, forgetMs: 10_000 };
const BETWEEN_TRIES_MS = 50;

/**
 * The network policy agent behind its socket.
 *
 * @param mode `NETWORK_POLICY_ENFORCING_MODE`, told as it was written.
 */
export function createPolicyAgent({
  socketPath,
  mode,
  log,
  limits = LIMITS,
}: {
  readonly socketPath: string;
  readonly mode: string;
  readonly log: Logger;
  readonly limits?: AgentLimits;
}): PolicyPort {
  const baseUrl = 'http://localhost';
  const sessionManager = new Http2SessionManager(
    baseUrl,
    { connectTimeoutMs: limits.connectMs },
    { createConnection: () => createConnection(socketPath) },
  );
  const client = createClient(NPBackend, createGrpcTransport({ baseUrl, sessionManager }));

  /** Why there is no connection in time. One that starts at this moment is not missed. */
  async function reach(signal?: AbortSignal): Promise<PolicyFailure | undefined> {
    const stopAtMs = performance.now() + limits.connectMs;
    while ((await sessionManager.connect()) === 'error') {
      if (signal?.aborted || performance.now() >= stopAtMs) {
        return failureOf('agent-away', textOf(sessionManager.error()));
      }
      await sleep(BETWEEN_TRIES_MS);
    }
    return undefined;
  }

  async function ask(
    what: string,
    call: () => Promise<{ readonly Success: boolean }>,
    signal?: AbortSignal,
  ): Promise<PolicyFailure | undefined> {
    const away = await reach(signal);
    if (away !== undefined) return away;
    try {
      const { Success: isDone } = await call();
      return isDone
        ? undefined
        : failureOf('agent-refused', `it answers ${what} with Success=false`);
    } catch (error) {
      return failureOf('agent-failed', `${what}: ${textOf(error)}`);
    }
  }

  const failureOf = (reason: PolicyFailure['reason'], what: string): PolicyFailure => ({
    reason,
    message: `${socketPath}, the socket of the network policy agent: ${what}; ${remedies[reason]}`,
  });

  return {
    enforce: ({ podName, podNamespace }, { interfaceCount, signal }) =>
      ask(
        'EnforceNpToPod',
        () =>
          client.enforceNpToPod(
            {
              K8SPODNAME: podName,
              K8SPODNAMESPACE: podNamespace,
              NETWORKPOLICYMODE: mode,
              InterfaceCount: interfaceCount,
            },
            { signal, timeoutMs: limits.enforceMs },
          ),
        signal,
      ),
    forget: async (pod) => {
      const { podName, podNamespace } = pod;
      const failure = await ask('DeletePodNp', () =>
        client.deletePodNp(
          { K8SPODNAME: podName, K8SPODNAMESPACE: podNamespace },
          { timeoutMs: limits.forgetMs },
        ),
      );
      if (failure !== undefined) {
        log.warn(
          { ...pod, ...failure },
          'the network policy agent was not told that a pod is gone',
        );
      }
      return failure;
    },
  };
}

const LOOK_AT = 'look at: kubectl -n kube-system logs ds/aws-node -c aws-eks-nodeagent';

const remedies: Readonly<Record<PolicyFailure['reason'], string>> = {
  'agent-away': `where there is no agent, leave NETWORK_POLICY_ENFORCING_MODE out; otherwise ${LOOK_AT}`,
  'agent-refused': LOOK_AT,
  'agent-failed': LOOK_AT,
};

/** What the kernel says, where it has said something. */
function textOf(error: unknown): string {
  const { rawMessage, cause } = ConnectError.from(error);
  return cause instanceof Error ? cause.message : rawMessage;
}
