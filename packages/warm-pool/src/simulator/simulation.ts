import { AddressPool, noCounts } from './address-pool.ts';
import { VirtualClock } from './clock.ts';
import { type CompleteConfig, completeConfig, type SimulationConfig } from './config.ts';
import { DefaultDaemon } from './default-daemon.ts';
import { createDelayLine, type DelayLine } from './delay-line.ts';
import { createEc2, type Ec2 } from './ec2.ts';
import type { AddDesk, Daemon, Node, Pod } from './node.ts';
import { feedPods } from './pod-feed.ts';
import type { PooledAddress } from './pooled-eni.ts';
import { createRandom, type Random } from './random.ts';
import { createScheduler } from './scheduler.ts';
import { createSubnetSpace, type SubnetSpace } from './subnet-space.ts';
import { Timeline } from './timeline.ts';
import { checkedTrace, type Trace } from './trace.ts';
import { UpstreamDaemon } from './upstream-daemon.ts';

/** The kubelet tries a failed pod again after 10 s and up to half as much again. */
const KUBELET_RETRY_MS = 10_000;
const KUBELET_JITTER = 0.5;

/**
 * A fleet of nodes and the pods of a trace, on a virtual clock that starts when the first node joins
 * and is at 0 when the trace begins.
 */
export class Simulation implements AddDesk {
  readonly trace: Trace;
  readonly config: CompleteConfig;
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  readonly subnets: readonly SubnetSpace[];
  readonly ec2: Ec2;
  readonly timeline: Timeline;
  readonly counts = noCounts();
  waitingCount = 0;
  addFailureCount = 0;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #daemons: readonly Daemon[];
  readonly #coolDowns: DelayLine<CoolDown>;
  readonly #scheduler = createScheduler((pod, nodeIndex) => this.#begin(pod, nodeIndex));

  /** @param createDaemon by default as the configuration's strategy says. */
  constructor(
    trace: Trace,
    config: SimulationConfig,
    createDaemon: (node: Node) => Daemon = daemonOf,
  ) {
    this.trace = checkedTrace(trace);
    this.config = completeConfig(config);
    const { seed, nodeCount, warmUpMs, joinOverMs, sampleCount } = this.config;
    this.#clock = new VirtualClock(-warmUpMs);
    this.#random = createRandom(seed);
    this.subnets = this.config.subnets.map((subnet, subnetIndex) =>
      createSubnetSpace(subnet, { subnetIndex, random: createRandom(seed + 1 + subnetIndex) }),
    );
    this.#coolDowns = createDelayLine(
      this.#clock,
      this.config.addressCooldownMs,
      ({ node, address, releasedAtMs, onCooled }) => {
        if (node.pool.endCoolDown(address, releasedAtMs)) {
          onCooled();
        }
      },
    );
    this.ec2 = createEc2(this.config.ec2, this.#clock, this.#random);
    this.timeline = new Timeline(this, { durationMs: this.trace.durationMs, sampleCount });
    this.pods = this.trace.pods.map((_, index) => newPod(index));
    this.nodes = Array.from({ length: nodeCount }, (_, nodeIndex) => this.#newNode(nodeIndex));
    this.#daemons = this.nodes.map(createDaemon);
    for (let nodeIndex = 0; nodeIndex < nodeCount; nodeIndex++) {
      this.#clock.at(-warmUpMs + (joinOverMs * nodeIndex) / nodeCount, () => this.#join(nodeIndex));
    }
    this.#clock.at(0, () => {
      this.timeline.begin();
      feedPods(this.trace, this.#clock, {
        start: (index) => this.#withPod(index, (pod) => this.#scheduler.place(pod)),
        stop: (index) => this.#withPod(index, (pod) => this.#leave(pod)),
      });
    });
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  /** Lets the next thing happen; false when the trace is over. */
  step(): boolean {
    const { durationMs } = this.trace;
    const nextAtMs = this.#clock.nextAtMs ?? Number.POSITIVE_INFINITY;
    this.timeline.advanceTo(Math.min(nextAtMs, durationMs));
    if (nextAtMs > durationMs) {
      return false;
    }
    this.#clock.turn();
    return true;
  }

  served(pod: Pod, address: NonNullable<Pod['address']>): void {
    pod.address = address;
    pod.status = 'running';
    pod.servedAtMs = this.nowMs;
    this.waitingCount -= 1;
  }

  refused(pod: Pod): void {
    pod.status = 'backing-off';
    pod.addFailureCount += 1;
    this.addFailureCount += 1;
    const retryMs = KUBELET_RETRY_MS * (1 + KUBELET_JITTER * this.#random());
    this.#clock.at(this.nowMs + retryMs, () => {
      if (pod.status === 'backing-off') {
        this.#add(pod);
      }
    });
  }

  #join(nodeIndex: number): void {
    const { maxPods, hostNetworkPodCount } = this.config;
    const node = this.nodes[nodeIndex];
    const [primaryAddress] = node?.subnet.takeAddresses(1) ?? [];
    if (node === undefined || primaryAddress === undefined) {
      return; // EC2 starts no instance in a subnet without an address
    }
    node.pool.addEni({
      eniId: node.nextEniId(),
      subnetId: node.subnetId,
      primaryAddress,
      isPrimary: true,
      attachedAtMs: this.nowMs,
    });
    this.#daemons[nodeIndex]?.join();
    this.#scheduler.addNode(nodeIndex, Math.max(0, maxPods - hostNetworkPodCount));
  }

  #withPod(index: number, happen: (pod: Pod) => void): void {
    const pod = this.pods[index];
    if (pod !== undefined) {
      happen(pod);
    }
  }

  #begin(pod: Pod, nodeIndex: number): void {
    pod.nodeIndex = nodeIndex;
    pod.placedAtMs = this.nowMs;
    this.waitingCount += 1;
    this.#add(pod);
  }

  #add(pod: Pod): void {
    pod.status = 'adding';
    this.#daemons[pod.nodeIndex ?? -1]?.add(pod);
  }

  #leave(pod: Pod): void {
    const { status, nodeIndex } = pod;
    pod.status = 'gone';
    if (nodeIndex === undefined) {
      return;
    }
    if (status !== 'running') {
      this.waitingCount -= 1;
    }
    this.#daemons[nodeIndex]?.del(pod);
    this.#scheduler.freePlace(nodeIndex);
  }

  #newNode(nodeIndex: number): Node {
    const subnetIndex = nodeIndex % this.subnets.length;
    const subnet = this.subnets[subnetIndex];
    if (subnet === undefined) {
      throw new Error('a simulation without subnets');
    }
    let eniNumber = 0;
    const node: Node = {
      nodeIndex,
      subnet,
      subnetId: `subnet-${subnetIndex}`,
      config: this.config,
      clock: this.#clock,
      ec2: this.ec2,
      pool: new AddressPool(this.counts),
      // Of its own, so that one node's chances do not hang on the others' moves.
      random: createRandom(this.config.seed + 1_000 + nodeIndex),
      desk: this,
      nextEniId: () => `eni-${nodeIndex}-${eniNumber++}`,
      release: (address, onCooled) => {
        const releasedAtMs = this.nowMs;
        node.pool.release(address, releasedAtMs);
        this.#coolDowns.add({ node, address, releasedAtMs, onCooled });
      },
    };
    return node;
  }
}

const daemonOf = (node: Node): Daemon =>
  node.config.strategy === 'upstream' ? new UpstreamDaemon(node) : new DefaultDaemon(node);

/** An address on its way from a pod that is gone to the next. */
interface CoolDown {
  readonly node: Node;
  readonly address: PooledAddress;
  readonly releasedAtMs: number;
  readonly onCooled: () => void;
}

const newPod = (index: number): Pod => ({
  index,
  status: 'unplaced',
  nodeIndex: undefined,
  address: undefined,
  placedAtMs: undefined,
  servedAtMs: undefined,
  addFailureCount: 0,
});
