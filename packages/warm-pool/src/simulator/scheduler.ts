import type { Pod } from './node.ts';

/** Gives pods to nodes that have room, to each in turn; pods wait while there is none. */
export interface Scheduler {
  /** A node has joined, with room for so many pods of the trace. */
  addNode(nodeIndex: number, placeCount: number): void;
  place(pod: Pod): void;
  /** A pod has left its node. */
  freePlace(nodeIndex: number): void;
}

/**
 * @param begin starts a pod on the node it was given.
 */
export function createScheduler(begin: (pod: Pod, nodeIndex: number) => void): Scheduler {
  const freePlaces: number[] = [];
  /** Nodes with room, in the order of their turns. */
  const nodes = createQueue<number>();
  const pending = createQueue<Pod>();

  const pump = () => {
    while (nodes.length > 0 && pending.length > 0) {
      const pod = pending.shift();
      if (pod?.status !== 'unplaced') {
        continue; // deleted while it waited
      }
      const nodeIndex = nodes.shift() ?? 0;
      const left = (freePlaces[nodeIndex] ?? 0) - 1;
      freePlaces[nodeIndex] = left;
      if (left > 0) {
        nodes.push(nodeIndex);
      }
      begin(pod, nodeIndex);
    }
  };
  return {
    addNode(nodeIndex, placeCount) {
      freePlaces[nodeIndex] = placeCount;
      if (placeCount > 0) {
        nodes.push(nodeIndex);
      }
      pump();
    },
    place(pod) {
      pending.push(pod);
      pump();
    },
    freePlace(nodeIndex) {
      const places = (freePlaces[nodeIndex] ?? 0) + 1;
      freePlaces[nodeIndex] = places;
      if (places === 1) {
        nodes.push(nodeIndex);
      }
      pump();
    },
  };
}

/** First in, first out, at constant cost. */
function createQueue<Item>() {
  let items: Item[] = [];
  let next = 0;
  return {
    get length() {
      return items.length - next;
    },
    push(item: Item) {
      items.push(item);
    },
    shift(): Item | undefined {
      const item = items[next];
      next += 1;
      if (next > 1_000 && next * 2 > items.length) {
        items = items.slice(next);
        next = 0;
      }
      return item;
    },
  };
}
