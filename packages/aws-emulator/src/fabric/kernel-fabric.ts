import type { FabricEni, FabricInstance, FabricSubnet, PublicMapping } from '../fabric-port.ts';
import { destination, ipv4Address, ipv4Block, isIpv6, requireInside } from './command-words.ts';
import type { Fabric, FabricInternet, FabricNode } from './fabric.ts';
import { FabricError } from './fabric-error.ts';
import {
  destinationRemovalStep,
  destinationStep,
  dhcpSteps,
  dhcpv6Steps,
  type FabricPlan,
  hopLimitStep,
  ipv6PortSteps,
  netnsOf,
  netnsStep,
  portSteps,
  subnetSteps,
} from './fabric-plan.ts';
import { runNft, startNetns } from './ip-batch.ts';
import { privateSubnetScript, publicMappingScript } from './nft-script.ts';
import { NODE_SYSCTLS, portSysctls, writeSysctl } from './sysctl.ts';
import type { AttachedEni, Topology } from './topology.ts';
import { allOrNothing, type Changes, type IpStep, takeBack, type Undo } from './undo.ts';

/** What a {@link KernelFabric} starts from: a namespace that has been set up, and the way back. */
export interface KernelFabricParts {
  readonly topology: Topology;
  readonly plan: FabricPlan;
  readonly natGatewayAddress: string;
  readonly undo: readonly Undo[];
}

/** The fabric of the calling process's namespace. Changes the kernel first, then what it knows of it. */
export class KernelFabric implements Fabric {
  readonly internet: FabricInternet;
  readonly #topology: Topology;
  readonly #plan: FabricPlan;
  readonly #natGatewayAddress: string;
  readonly #publicOf = new Map<string, string>();
  /** The way back of everything that stands, by owner, oldest first. */
  readonly #undo = new Map<string, readonly Undo[]>();
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor({ topology, plan, natGatewayAddress, undo }: KernelFabricParts) {
    this.internet = { ...netnsOf(plan.internetNetns), address: plan.internetAddress };
    this.#topology = topology;
    this.#plan = plan;
    this.#natGatewayAddress = natGatewayAddress;
    this.#undo.set('fabric', undo);
  }

  addNode(name: string): Promise<FabricNode> {
    return this.#inTurn(async () => {
      const node = this.#topology.planNode(name);
      await this.#make(`node ${name}`, async (changes) => {
        await changes.ip([netnsStep(node.netns)]);
        await startNetns(node.netns, NODE_SYSCTLS);
      });
      this.#topology.addNode(node);
      return node;
    });
  }

  removeNode(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const enis = this.#topology.enisOfNode(name).map(({ port }) => `eni ${port.eniId}`);
      this.#topology.removeNode(name);
      await this.#remove([`node ${name}`, ...enis]);
    });
  }

  bindInstance(instanceId: string, nodeName: string): void {
    this.#topology.bindInstance(instanceId, nodeName);
  }

  nodeOf(instanceId: string): FabricNode | undefined {
    return this.#topology.nodeOf(instanceId);
  }

  addSubnet({ subnetId, cidr, isPublic }: FabricSubnet): Promise<void> {
    return this.#inTurn(async () => {
      const block = ipv4Block(cidr);
      this.#topology.requireNewSubnet(subnetId);
      await this.#make(`subnet ${subnetId}`, async (changes) => {
        await changes.ip(subnetSteps(block));
        if (!isPublic) await this.#gateway(privateSubnetScript(block.cidr));
      });
      this.#topology.addSubnet(subnetId, block);
    });
  }

  addInstance(instance: FabricInstance): Promise<void> {
    return this.#inTurn(async () => {
      this.#topology.addInstance(instance);
      const node = this.#topology.nodeOf(instance.instanceId);
      const ports = this.#topology.enisOfNode(node?.name ?? '').map(({ port }) => port.portName);
      await allOrNothing((changes) =>
        changes.ip(ports.map((name) => hopLimitStep(name, instance.metadataHopLimit))),
      );
    });
  }

  attachEni(eni: FabricEni): Promise<void> {
    return this.#inTurn(async () => {
      const port = this.#topology.planPort(eni);
      const destinations = new Set([port.primaryAddress, ...eni.addresses].map(destination));
      await this.#make(`eni ${eni.eniId}`, async (changes) => {
        // The routes go with the link, so only the link is written down.
        const routes = [...destinations].map((cidr) => ({
          line: destinationStep(port, cidr).line,
        }));
        const ipv6 = [...destinations].filter(isIpv6);
        await changes.ip([
          ...portSteps(port),
          ...(ipv6.length > 0 ? ipv6PortSteps(port) : []),
          ...routes,
        ]);
        for (const sysctl of portSysctls(port.portName)) writeSysctl(sysctl);
        const isPrimary = eni.deviceIndex === 0 && eni.networkCardIndex === 0;
        const leases = ipv6.filter((cidr) => cidr.endsWith('/128'));
        const dhcp = [...dhcpSteps(port), ...leases.flatMap((cidr) => dhcpv6Steps(port, cidr))];
        if (isPrimary) await changes.ip(dhcp, { netns: port.nodeNetns });
      });
      this.#topology.attach({ port, destinations });
    });
  }

  detachEni({ eniId }: { readonly eniId: string }): Promise<void> {
    return this.#inTurn(async () => {
      this.#topology.detach(eniId);
      await this.#remove([`eni ${eniId}`]);
    });
  }

  assign(eniId: string, destinations: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const eni = this.#topology.requireAttached(eniId);
      const added = new Set(
        destinations.map(destination).filter((cidr) => !eni.destinations.has(cidr)),
      );
      const isFirstIpv6 = [...added].some(isIpv6) && ![...eni.destinations].some(isIpv6);
      await this.#reroute([
        ...(isFirstIpv6 ? ipv6PortSteps(eni.port) : []),
        ...[...added].map((cidr) => destinationStep(eni.port, cidr)),
      ]);
      for (const cidr of added) eni.destinations.add(cidr);
    });
  }

  unassign(eniId: string, destinations: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const eni: AttachedEni | undefined = this.#topology.attached(eniId);
      if (eni === undefined) return;
      const gone = new Set(
        destinations.map(destination).filter((cidr) => eni.destinations.has(cidr)),
      );
      await this.#reroute([...gone].map((cidr) => destinationRemovalStep(eni.port, cidr)));
      for (const cidr of gone) eni.destinations.delete(cidr);
    });
  }

  mapPublic({ privateAddress, publicAddress }: PublicMapping): Promise<void> {
    return this.#inTurn(async () => {
      const mapping = {
        privateAddress: ipv4Address(privateAddress),
        publicAddress: requireInside(this.#plan.publicCidr, publicAddress),
      };
      if (this.#publicOf.get(privateAddress) === publicAddress) return;
      const taken = [this.#natGatewayAddress, ...this.#publicOf.values()];
      if (taken.includes(publicAddress) || this.#publicOf.has(privateAddress)) {
        const message = `mapping ${privateAddress} to ${publicAddress}: one of them is mapped already`;
        throw new FabricError('already-exists', message, { facts: mapping });
      }
      await this.#gateway(publicMappingScript('add', mapping));
      this.#publicOf.set(privateAddress, publicAddress);
    });
  }

  unmapPublic({ privateAddress, publicAddress }: PublicMapping): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#publicOf.get(privateAddress) !== publicAddress) return;
      await this.#gateway(publicMappingScript('delete', { privateAddress, publicAddress }));
      this.#publicOf.delete(privateAddress);
    });
  }

  close(): Promise<void> {
    if (this.#isClosed) return this.#tail.then(() => {});
    const closing = this.#inTurn(() => this.#remove([...this.#undo.keys()]));
    this.#isClosed = true;
    return closing;
  }

  /** Runs one operation after all that were asked for before it. */
  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new FabricError('closed', 'using a fabric: it has been closed'));
    }
    const result = this.#tail.then(operation);
    this.#tail = result.catch(() => {});
    return result;
  }

  async #make(owner: string, make: (changes: Changes) => Promise<void>): Promise<void> {
    this.#undo.set(owner, await allOrNothing(make));
  }

  async #remove(owners: readonly string[]): Promise<void> {
    const inOrder = [...this.#undo.keys()].filter((owner) => owners.includes(owner));
    const failures = await takeBack(inOrder.flatMap((owner) => this.#undo.get(owner) ?? []));
    for (const owner of inOrder) this.#undo.delete(owner);
    if (failures.length > 0) throw new AggregateError(failures, `removing ${inOrder.join(', ')}`);
  }

  /** Routes to an ENI go with its link, so the way back matters only while the batch runs. */
  async #reroute(steps: readonly IpStep[]): Promise<void> {
    await allOrNothing((changes) => changes.ip(steps));
  }

  #gateway(script: string): Promise<void> {
    return runNft(script, { netns: this.#plan.gatewayNetns });
  }
}
