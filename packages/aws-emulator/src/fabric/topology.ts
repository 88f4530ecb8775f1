import type { FabricEni, FabricInstance } from '../fabric-port.ts';
import {
  type Ipv4Block,
  ipv4Address,
  macAddress,
  plainName,
  wholeNumber,
} from './command-words.ts';
import type { FabricNode } from './fabric.ts';
import { FabricError } from './fabric-error.ts';
import { type EniPort, eniLinkName, MAX_HOP_LIMIT, netnsOf } from './fabric-plan.ts';

/** Records which node runs which instance and which ENI is on which port. Knows no kernel. */
export class Topology {
  readonly #prefix: string;
  readonly #subnets = new Map<string, Ipv4Block>();
  readonly #nodes = new Map<string, FabricNode>();
  readonly #nodeOfInstance = new Map<string, string>();
  readonly #hopLimits = new Map<string, number>();
  readonly #attached = new Map<string, AttachedEni>();
  #portCount = 0;

  constructor(prefix: string) {
    this.#prefix = plainName(prefix);
  }

  /** A new node's names; recorded by {@link addNode} once it is there. */
  planNode(name: string): FabricNode {
    if (this.#nodes.has(name)) throw exists(`node ${name}`);
    return { name, ...netnsOf(plainName(`${this.#prefix}-${name}`)) };
  }

  addNode(node: FabricNode): void {
    this.#nodes.set(node.name, node);
  }

  /** Forgets a node, its instance and its ENIs. */
  removeNode(name: string): void {
    for (const eni of this.enisOfNode(name)) this.#attached.delete(eni.port.eniId);
    for (const [instanceId, nodeName] of this.#nodeOfInstance) {
      if (nodeName !== name) continue;
      this.#nodeOfInstance.delete(instanceId);
      this.#hopLimits.delete(instanceId);
    }
    this.#nodes.delete(name);
  }

  enisOfNode(name: string): readonly AttachedEni[] {
    const netns = this.#nodes.get(name)?.netns;
    return [...this.#attached.values()].filter(({ port }) => port.nodeNetns === netns);
  }

  bindInstance(instanceId: string, nodeName: string): void {
    if (!this.#nodes.has(nodeName)) throw missing(`node ${nodeName}`, 'add it first');
    const holder = [...this.#nodeOfInstance].find(([, name]) => name === nodeName)?.[0];
    if (holder !== undefined && holder !== instanceId) throw exists(`an instance on ${nodeName}`);
    this.#nodeOfInstance.set(instanceId, nodeName);
  }

  nodeOf(instanceId: string): FabricNode | undefined {
    return this.#nodes.get(this.#nodeOfInstance.get(instanceId) ?? '');
  }

  /** Places an instance on its node, or the first free one; a repeated call changes its hop limit. */
  addInstance({ instanceId, metadataHopLimit }: FabricInstance): void {
    wholeNumber('metadata hop limit', metadataHopLimit, { low: 1, high: MAX_HOP_LIMIT });
    if (this.nodeOf(instanceId) === undefined) {
      const taken = new Set(this.#nodeOfInstance.values());
      const free = [...this.#nodes.keys()].find((name) => !taken.has(name));
      if (free === undefined) throw missing(`free node for ${instanceId}`, 'add a node first');
      this.#nodeOfInstance.set(instanceId, free);
    }
    this.#hopLimits.set(instanceId, metadataHopLimit);
  }

  addSubnet(subnetId: string, block: Ipv4Block): void {
    this.#subnets.set(subnetId, block);
  }

  requireNewSubnet(subnetId: string): void {
    if (this.#subnets.has(subnetId)) throw exists(`subnet ${subnetId}`);
  }

  /** A new ENI's port; recorded by {@link attach} once it is there. */
  planPort(eni: FabricEni): EniPort {
    const node = this.nodeOf(eni.instanceId);
    const hopLimit = this.#hopLimits.get(eni.instanceId);
    const subnet = this.#subnets.get(eni.subnetId);
    if (this.#attached.has(eni.eniId)) throw exists(`an attachment of ${eni.eniId}`);
    if (node === undefined || hopLimit === undefined) throw missing(`instance ${eni.instanceId}`);
    if (subnet === undefined) throw missing(`subnet ${eni.subnetId}`);
    this.#portCount += 1;
    return {
      eniId: plainName(eni.eniId),
      portName: `fe${this.#portCount}`,
      mac: macAddress(eni.mac),
      linkName: eniLinkName({
        networkCardIndex: wholeNumber('network card index', eni.networkCardIndex, CARDS),
        deviceIndex: wholeNumber('device index', eni.deviceIndex, SLOTS),
      }),
      nodeNetns: node.netns,
      primaryAddress: ipv4Address(eni.primaryAddress),
      subnet,
      hopLimit,
    };
  }

  attach(eni: AttachedEni): void {
    this.#attached.set(eni.port.eniId, eni);
  }

  /** @throws {FabricError} `not-found` */
  requireAttached(eniId: string): AttachedEni {
    const eni = this.#attached.get(eniId);
    if (eni === undefined) throw missing(`attachment of ${eniId}`, 'attach the ENI first');
    return eni;
  }

  attached(eniId: string): AttachedEni | undefined {
    return this.#attached.get(eniId);
  }

  detach(eniId: string): void {
    this.#attached.delete(eniId);
  }
}

/** An ENI on its port, and everything routed to it. */
export interface AttachedEni {
  readonly port: EniPort;
  readonly destinations: Set<string>;
}

const CARDS = { low: 0, high: 31 };
const SLOTS = { low: 0, high: 127 };

const missing = (what: string, advice?: string) =>
  new FabricError(
    'not-found',
    `looking for ${what}: the fabric has none${advice === undefined ? '' : `; ${advice}`}`,
    { facts: { what } },
  );

const exists = (what: string) =>
  new FabricError('already-exists', `adding ${what}: it is there already`, { facts: { what } });
