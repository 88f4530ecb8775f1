import { decodeCheckpoint } from '@vpc-cni/ipam';
import { enisOf, isAssigned, leakedEnis } from './ec2-view.fixture.ts';
import type { Node } from './node.fixture.ts';

/**
 * What is wrong with nodes once nothing is under way: where the address book, its checkpoint, EC2 and
 * the kernel do not agree.
 */
export function problemsOf(...nodes: readonly Node[]): readonly string[] {
  const cloud = nodes[0]?.site.cloud;
  if (cloud === undefined) return [];
  return [
    ...leakedEnis(cloud).map((eniId) => `${eniId} is attached nowhere`),
    ...sharedAddresses(nodes),
    ...nodes.flatMap((node) => [
      ...unreachablePods(node),
      ...bookProblems(node),
      ...checkpointProblems(node),
      ...eniProblems(node),
    ]),
  ];
}

/** What must never be, whatever is under way: a pod or the next one without an address that EC2 assigns. */
export function problemsAtAnyMoment(node: Node): readonly string[] {
  const { site, instance, daemon } = node;
  const enis = daemon.fate.isDead ? [] : (daemon.pool?.book.enis(site.clock.nowMs()) ?? []);
  return [
    ...unreachablePods(node),
    ...enis
      .flatMap(({ freeAddresses }) => freeAddresses)
      .filter((address) => !isAssigned(site.cloud, instance.instanceId, address))
      .map((address) => `${address} could be given to a pod, and EC2 does not assign it`),
  ];
}

const podsOf = ({ site }: Node) => [...site.host.pods.values()];

function sharedAddresses(nodes: readonly Node[]): readonly string[] {
  const byAddress = Map.groupBy(nodes.flatMap(podsOf), ({ address }) => address);
  return [...byAddress]
    .filter(([, pods]) => pods.length > 1)
    .map(
      ([address, pods]) => `${pods.map(({ podName }) => podName).join(' and ')} have ${address}`,
    );
}

function unreachablePods(node: Node): readonly string[] {
  const { site, instance } = node;
  return podsOf(node)
    .filter(({ address }) => !isAssigned(site.cloud, instance.instanceId, address))
    .map(({ podName, address }) => `${podName} has ${address}, which EC2 does not assign`);
}

function bookProblems(node: Node): readonly string[] {
  const { pool } = node.daemon;
  if (pool === undefined) return [`the daemon is ${node.daemon.phase.name}`];
  const { book } = pool;
  const held = book.reservations().map(({ address, metadata }) => `${metadata.podName} ${address}`);
  const wired = podsOf(node).map(({ podName, address }) => `${podName} ${address}`);
  const truth = new Map(
    enisOf(node.site.cloud, node.instance.instanceId).map((eni) => [String(eni.eniId), eni]),
  );
  const known = book.enis(node.site.clock.nowMs()).flatMap((eni) => {
    const blocks = [
      ...eni.addresses.map(({ address }) => address),
      ...eni.prefixes.map(({ prefix }) => prefix),
    ];
    const there = truth.get(eni.eniId);
    const assigned = new Set<string>([
      ...(there?.secondaryAddresses ?? []),
      ...(there?.prefixes ?? []),
      ...(there?.ipv6Prefixes ?? []),
    ]);
    const missing = [...assigned].filter((block) => !(blocks as string[]).includes(block));
    return [
      ...blocks
        .filter((block) => !assigned.has(block))
        .map((block) => `the book has ${block}, which ${eni.eniId} has not`),
      ...missing.map((block) => `the book lacks ${block} of ${eni.eniId}`),
    ];
  });
  return [
    ...difference(held, wired).map((pod) => `held and not wired: ${pod}`),
    ...difference(wired, held).map((pod) => `wired and not held: ${pod}`),
    ...known,
    ...book.intents().map(({ kind, intentId }) => `${kind} ${intentId} is still open`),
  ];
}

function checkpointProblems({ daemon, site }: Node): readonly string[] {
  const text = site.disk.files.get('ipam.json');
  if (text === undefined) return ['there is no checkpoint'];
  const saved = decodeCheckpoint(text).allocations.map(({ ipv4, ipv6 }) => String(ipv4 ?? ipv6));
  const held = (daemon.pool?.book.reservations() ?? []).map(({ address }) => String(address));
  return [
    ...difference(saved, held).map((address) => `in the checkpoint and not held: ${address}`),
    ...difference(held, saved).map((address) => `held and not in the checkpoint: ${address}`),
  ];
}

function eniProblems({ site, instance, daemon }: Node): readonly string[] {
  const book = new Set<string>(
    (daemon.pool?.book.enis(site.clock.nowMs()) ?? []).map(({ eniId }) => eniId),
  );
  return enisOf(site.cloud, instance.instanceId)
    .filter(({ isPrimary, description }) => !isPrimary && description.startsWith('aws-K8S-'))
    .flatMap((eni) => [
      ...(eni.deleteOnTermination === true ? [] : [`${eni.eniId} outlives its instance`]),
      ...(book.has(eni.eniId) ? [] : [`${eni.eniId} is attached and not in the book`]),
      ...(site.host.wiredMacs.has(eni.mac) ? [] : [`${eni.eniId} is not wired`]),
    ]);
}

const difference = (some: readonly string[], others: readonly string[]) =>
  some.filter((one) => !others.includes(one));
