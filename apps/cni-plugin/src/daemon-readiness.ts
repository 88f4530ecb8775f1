import type { ReadinessPort, Refusal } from '@vpc-cni/plugin';
import { askDaemon } from './ask-daemon.ts';
import { awayRefusal } from './daemon-away.ts';

/** The daemon's own word on whether it can serve an ADD; one that cannot be asked cannot. */
export const createDaemonReadiness = (socketPath: string): ReadinessPort => ({
  refusal: async () => {
    try {
      return ((await askDaemon(socketPath, '/v1/status', {})) as Refusal | null) ?? undefined;
    } catch (error) {
      return awayRefusal(error);
    }
  },
});
