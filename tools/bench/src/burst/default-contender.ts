import { AddressBook } from '@vpc-cni/ipam';
import { createAddressDesk, createPoolController } from '@vpc-cni/pool-controller';
import { maxPods } from '@vpc-cni/warm-pool';
import type { ContenderFactory } from './contender.ts';
import { clock } from './emulated-node.ts';

const LOOK_MS = 20;

/** Our pool controller, as ipamd runs it. */
export const defaultContender: ContenderFactory = (node, targets) => {
  const { limits, metadata, enis, host } = node;
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  const checkpoint = { save: async () => {} };
  let actingCount = 0;
  const controller = createPoolController({
    book,
    clock,
    limits: () => limits,
    checkpoint,
    metadata,
    enis,
    host,
    targets,
    maxPods: maxPods(limits),
    onEvent: ({ kind }) => {
      if (kind === 'action-started') actingCount += 1;
      if (kind === 'action-done' || kind === 'action-failed') actingCount -= 1;
    },
  });
  const desk = createAddressDesk({ book, checkpoint, controller, clock, waitMs: 30_000 });
  const { signal } = new AbortController();
  return {
    join: async () => {
      await controller.adopt();
      controller.start();
    },
    settled: async () => {
      do await clock.sleep(LOOK_MS);
      while (controller.lastPlan?.actions.length !== 0 || actingCount > 0);
    },
    add: async (podName) => {
      const key = { networkName: 'aws-cni', containerId: podName, interfaceName: 'eth0' };
      const reply = await desk.reserve(key, { podName }, { signal });
      return reply.kind === 'reserved';
    },
    stop: () => controller.stop(),
  };
};
