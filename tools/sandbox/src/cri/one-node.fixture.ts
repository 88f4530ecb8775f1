import { afterAll, beforeAll, expect } from '@jest/globals';
import { ping } from '../checks/probes.ts';
import { type NodeAccounts, settledAccounts } from '../invariants.ts';
import { createVpcInABox, type VpcInABox } from '../vpc-in-a-box.ts';
import { type CriNode, startCriNode } from './cri-node.ts';
import type { RunningPod } from './kubelet.ts';

/** A box of one node with a real containerd, for the tests of one file. */
export interface OneNode {
  readonly node: () => CriNode;
  readonly box: () => VpcInABox;
  /** Everybody tells the same story, and it is this one. */
  expectExactly(pods: readonly RunningPod[]): Promise<NodeAccounts>;
}

export function withOneNode(options: {
  readonly prefix: string;
  readonly instanceType: string;
  readonly environment?: Readonly<Record<string, string>>;
}): OneNode {
  const { prefix, instanceType, environment = {} } = options;
  let box: VpcInABox | undefined;
  let node: CriNode | undefined;

  beforeAll(async () => {
    box = await createVpcInABox({ nodeCount: 1, instanceType, prefix });
    const [only] = box.nodes;
    if (only === undefined) throw new Error('the box has no node');
    node = await startCriNode(only, { environment });
  });
  afterAll(async () => {
    await node?.close();
    await box?.close();
  });

  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the node has not been started');
    return part;
  };
  return {
    node: () => started(node),
    box: () => started(box),
    expectExactly: async (pods) => {
      const { kubelet, node: sandboxNode, readLogs } = started(node);
      await kubelet.collectGarbage();
      const settled = settledAccounts(sandboxNode, started(box).emulator, kubelet);
      const accounts = await settled.catch(async (cause: unknown) => {
        throw new Error(`${cause}\n${await readLogs()}`, { cause });
      });
      const addresses = pods.map(({ address }) => address).sort();
      expect(new Set(addresses).size).toBe(pods.length);
      expect(accounts.reserved).toEqual(addresses);
      for (const { address } of pods) await ping(sandboxNode.netns, address);
      return accounts;
    },
  };
}

export const podNames = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `pod-${index}` }));
