import type { Answer, NetlinkRequest } from '../netlink/netlink-request.ts';
import type { NetlinkSocket } from '../netlink/netlink-socket.ts';
import { Batches } from './batches.ts';

/** Where the kernel is asked many things with one write. */
export type Asks = Pick<NetlinkSocket, 'askAll'>;

/** Asks on behalf of many at once: what comes while the kernel is at work goes together, with the next write. */
export function gatherAsks(socket: Asks): Asks {
  const batches = new Batches<Ask>(async (asks) => {
    const isLone = asks.every(({ where }) => where === 'here');
    const requests = asks.flatMap((ask) => ask.requests);
    const answers = await socket.askAll(requests, isLone ? 'here' : 'in-pool');
    let start = 0;
    for (const ask of asks) {
      const end = start + ask.requests.length;
      ask.answers = answers.slice(start, end);
      start = end;
    }
  });
  return {
    askAll: async (requests, where) => {
      const ask: Ask = { requests, where, answers: [] };
      await batches.add(ask);
      return ask.answers;
    },
  };
}

interface Ask {
  readonly requests: readonly NetlinkRequest[];
  readonly where: Parameters<Asks['askAll']>[1];
  /** Once it is done. */
  answers: readonly Answer[];
}
