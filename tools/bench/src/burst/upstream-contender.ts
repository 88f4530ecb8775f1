import { AddressBook, type EniId, type Ipv4Address } from '@vpc-cni/ipam';
import type { ObservedEni } from '@vpc-cni/pool-controller';
import {
  type GrowthFailure,
  maxPods,
  planUpstream,
  type UpstreamAction,
  type UpstreamState,
} from '@vpc-cni/warm-pool';
import type { ContenderFactory } from './contender.ts';
import { clock } from './emulated-node.ts';

/** v1.23.1 looks at its pool every five seconds, and does one thing after the other. */
const CYCLE_MS = 5_000;

/** The AWS VPC CNI's decisions and timers: an ADD that finds no address fails at once. */
export const upstreamContender: ContenderFactory = (node, targets) => {
  const { limits, enis, host, primary } = node;
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  const stopping = new AbortController();
  const { signal } = stopping;
  let lastDecreasedAtMs = Number.NEGATIVE_INFINITY;
  let looping = Promise.resolve();
  let idleCycles = 0;

  function enter(eni: ObservedEni): void {
    const { eniId, deviceNumber, networkCardIndex, subnetId, primaryAddress, isPrimary } = eni;
    book.addEni({
      eniId,
      deviceNumber,
      networkCardIndex,
      subnetId,
      primaryAddress,
      isPrimary,
      routeTableId: host.routeTableId(eni),
      attachedAtMs: clock.nowMs(),
    });
    for (const address of eni.secondaryAddresses) book.addAddress(eniId, address);
  }

  async function apply(action: UpstreamAction): Promise<void> {
    switch (action.kind) {
      case 'create-eni': {
        const eni = await node.allocateEni({ addressCount: action.addressCount }, { signal });
        await host.setUpEni(eni, { signal, role: 'ordinary' });
        enter(eni);
        return;
      }
      case 'assign-addresses': {
        const eniId = action.eniId as EniId; // the book's own
        for (const address of await enis.assignAddresses(eniId, action.count, { signal })) {
          book.addAddress(eniId, address);
        }
        return;
      }
      case 'unassign-addresses': {
        const eniId = action.eniId as EniId;
        const addresses = action.addresses as readonly Ipv4Address[];
        for (const address of addresses) book.removeAddress(eniId, address);
        await enis.unassignAddresses(eniId, addresses, { signal });
        return;
      }
      case 'delete-eni':
        book.removeEni(action.eniId as EniId);
        await enis.freeEni(action.eniId as EniId, { signal });
        return;
      default:
        throw new Error(`${action.kind} in a benchmark without prefixes`);
    }
  }

  /** One turn of its loop. A failed attempt to fill an ENI leads to the next attempt in the same turn. */
  async function cycle(): Promise<number> {
    const failures: GrowthFailure[] = [];
    const nowMs = clock.nowMs();
    const state: UpstreamState = {
      enis: book.enis(nowMs),
      waitingCount: 0,
      inFlight: [],
      maxPods: maxPods(limits),
      lastDecreasedAtMs,
      growthFailures: { 0: failures },
    };
    const { actions, hasDecreased } = planUpstream(state, targets, limits, nowMs);
    if (hasDecreased) lastDecreasedAtMs = nowMs;
    for (const action of actions) await apply(action);
    return actions.length;
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(CYCLE_MS, { signal }).catch(() => {});
      if (signal.aborted) return;
      idleCycles = (await cycle()) > 0 ? 0 : idleCycles + 1;
    }
  }

  return {
    join: async () => {
      enter(primary);
      while ((await cycle()) > 0);
      looping = loop();
    },
    settled: async () => {
      idleCycles = 0;
      while (idleCycles === 0) await clock.sleep(CYCLE_MS);
    },
    add: async (podName) => {
      const key = { networkName: 'aws-cni', containerId: podName, interfaceName: 'eth0' };
      return book.reserve(key, { podName }, clock.nowMs()).kind === 'reserved';
    },
    stop: async () => {
      stopping.abort();
      await looping;
    },
  };
};
