import { AddressBook, type IpAddress } from '@vpc-cni/ipam';
import { createAttachmentQueue, createPluginHandlers, type Refusal } from '@vpc-cni/plugin';
import { createAddressDesk } from '@vpc-cni/pool-controller';
import { createFakeClock } from '@vpc-cni/testing';
import { createAddressPort } from '../address-port.ts';
import { branchAddresses } from '../branch/branch-addresses.ts';
import { createBranchPods } from '../branch/branch-pods.ts';
import type { PodEnis } from '../branch/follow-pod-enis.ts';
import { type CniService, createCniService } from '../cni-service.ts';
import { readConfig } from '../config.ts';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import type { CniBackendOptions } from './cni-backend.ts';
import type { NodeFacts } from './node-facts.ts';

/** A node whose pool is an ENI with addresses, and nothing that adds to it. */
export interface GrpcNode {
  readonly book: AddressBook;
  readonly options: CniBackendOptions;
  /** Its CNI socket's side. */
  readonly cni: CniService;
  /** Addresses whose wiring was torn down over CNI. */
  readonly tornDown: readonly string[];
  /** What the daemon has asked of the network policy agent, whose word is always yes. */
  readonly askedOfAgent: readonly string[];
  /** How the pool answers an ADD for which no address is free. Default: `at-max-pods`, at once. */
  whenEmpty(answer: (signal: AbortSignal) => Promise<Refusal>): void;
  /** What writing the checkpoint does from now on. Default: it succeeds at once. */
  whenSaving(save: () => Promise<void>): void;
  /** Which ENI of its own a pod has. Default: none. */
  whenAskedForPodEni(find: PodEnis['find']): void;
}

const FACTS: NodeFacts = {
  podFamily: 'ipv4',
  usesExternalSnat: false,
  unmappedCidrs: ['10.0.0.0/16', '10.12.0.0/16'],
  networkPolicyMode: 'Standard',
  nodeAddress: '10.0.0.4',
  instanceId: 'i-0123456789abcdef0',
  region: 'eu-central-1',
};

const atMaxPods: Refusal = { kind: 'refused', reason: 'at-max-pods', message: '2 of 2 pods' };

export async function createGrpcNode(
  runDirectory: string,
  has: { readonly addresses: readonly IpAddress[] },
  facts: Partial<NodeFacts> = {},
): Promise<GrpcNode> {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  book.addEni({
    eniId: 'eni-1',
    deviceNumber: 1,
    networkCardIndex: 0,
    isPrimary: false,
    routeTableId: 2,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.0.5',
    attachedAtMs: 0,
  });
  for (const address of has.addresses) book.addAddress('eni-1', address);

  let answerWhenEmpty: (signal: AbortSignal) => Promise<Refusal> = async () => atMaxPods;
  let save = async () => {};
  const desk = createAddressDesk({
    book,
    clock,
    waitMs: 30_000,
    checkpoint: { save: () => save() },
    controller: {
      kick: () => {},
      waitingLine: { wait: (_: number, until: AbortSignal) => answerWhenEmpty(until) },
    } as never,
  });
  let findPodEni: PodEnis['find'] = async () => undefined;
  const addresses = branchAddresses(createAddressPort({ book, desk, onRefusal: () => {} }), {
    pods: createBranchPods([], () => save()),
    podEnis: { find: (pod, options) => findPodEni(pod, options) },
    mode: 'strict',
    nowMs: clock.nowMs,
  });
  const queue = createAttachmentQueue();
  const tornDown: string[] = [];
  const askedOfAgent: string[] = [];
  const handlers = createPluginHandlers({
    addresses,
    queue,
    readiness: { refusal: () => undefined },
    policies: {
      enforce: async ({ podName }) => void askedOfAgent.push(`enforce ${podName}`),
      forget: async ({ podName }) => void askedOfAgent.push(`forget ${podName}`),
    },
    wiring: {
      setUp: async () => ({ hostLinkName: 'eni0123456789a' }),
      tearDown: async ({ address }) => void tornDown.push(address),
      check: async () => [],
    },
  });
  const plugins = { 'aws-cni': handlers, 'egress-cni': handlers };
  const log = createLogger({ file: '/dev/null', level: 'fatal' });
  const metrics = createMetrics('0');
  const cni = createCniService(
    {
      config: readConfig({ AWS_VPC_K8S_CNI_RUN_DIR: runDirectory }),
      log,
      clock,
      metrics,
      wallNowMs: clock.nowMs,
      signal,
      phases: { run: (_, step) => step() },
    },
    { version: '1.2.3', whileStarting: plugins },
  );
  await cni.begin({ plugins, forDeferred: plugins });
  return {
    book,
    cni,
    tornDown,
    askedOfAgent,
    options: {
      addresses,
      queue,
      carryOutDel: cni.carryOutDel,
      facts: () => ({ ...FACTS, ...facts }),
      version: '1.2.3',
      metrics,
      log,
    },
    whenEmpty: (answer) => {
      answerWhenEmpty = answer;
    },
    whenSaving: (value) => {
      save = value;
    },
    whenAskedForPodEni: (value) => {
      findPodEni = value;
    },
  };
}
