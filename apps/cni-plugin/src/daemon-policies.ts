import type { PolicyFailure, PolicyPort } from '@vpc-cni/plugin';
import { askDaemon } from './ask-daemon.ts';
import { awayRefusal } from './daemon-away.ts';

/**
 * The node's network policy agent, by way of the daemon, which knows whether there is one. Without the daemon's word
 * a pod must not run as if it had no policies, so a daemon that cannot be asked is an agent that is away.
 */
export function createDaemonPolicies(socketPath: string): PolicyPort {
  const ask = async (method: string, body: unknown, signal?: AbortSignal) => {
    try {
      const answer = await askDaemon(socketPath, `/v1/policies/${method}`, body, signal);
      return (answer as PolicyFailure | null) ?? undefined; // daemon and plugin are of one release
    } catch (error) {
      return { reason: 'agent-away', message: awayRefusal(error).message } as const;
    }
  };
  return {
    enforce: (pod, { interfaceCount, signal }) => ask('enforce', { pod, interfaceCount }, signal),
    forget: (pod) => ask('forget', { pod }),
  };
}
