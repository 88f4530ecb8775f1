import { type Check, expectEqual, first, nodeAt, podsOf } from './check.ts';
import { ping, seenSource, sourcesThatArrive } from './probes.ts';

/** Table of the primary ENI (main). */
const MAIN_TABLE = 254;

const sameNode: Check = {
  name: 'pod → pod on the same node',
  run: async (scene) => {
    const pods = podsOf(scene, nodeAt(scene, 0));
    const [a, b] = [first(pods, 'pod'), first(pods.slice(1), 'second pod on a node')];
    return `${a.address} → ${b.address} in ${await ping(a.netns, b.address)} ms`;
  },
};

const acrossNodes: Check = {
  name: 'pod → pod across nodes, source address preserved',
  run: async (scene) => {
    const a = first(podsOf(scene, nodeAt(scene, 0)), 'pod');
    const b = first(podsOf(scene, nodeAt(scene, 1)), 'pod on the second node');
    const time = await ping(a.netns, b.address);
    const seen = await seenSource({
      clientNetns: a.netns,
      serverNetns: b.netns,
      serverAddress: b.address,
    });
    expectEqual('the source address the other pod sees', seen, a.address);
    return `${a.address} → ${b.address} in ${time} ms, seen as ${seen}`;
  },
};

const toInternet: Check = {
  name: 'pod → internet, seen as its node',
  run: async (scene) => {
    const node = nodeAt(scene, 0);
    const seen: string[] = [];
    for (const pod of onePodPerTable(podsOf(scene, node))) {
      const source = await seenSource({
        clientNetns: pod.netns,
        serverNetns: scene.box.fabric.internet.netnsPath,
        serverAddress: scene.box.fabric.internet.address,
      });
      expectEqual(`the address ${pod.address} has outside`, source, node.publicAddress);
      seen.push(`${pod.address} (table ${pod.routeTableId})`);
    }
    return `${seen.join(', ')} seen as ${node.publicAddress}, the public address of ${node.primaryAddress}`;
  },
};

const secondaryEni: Check = {
  name: 'pod on a secondary ENI',
  run: async (scene) => {
    const [a, peer] = [nodeAt(scene, 0), nodeAt(scene, 1)];
    const pod = first(
      podsOf(scene, a).filter(({ routeTableId }) => routeTableId !== MAIN_TABLE),
      'pod on a secondary ENI',
    );
    const other = first(podsOf(scene, peer), 'pod on the second node');
    await ping(pod.netns, other.address);
    const time = await ping(other.netns, pod.address);
    return `${pod.address} leaves by table ${pod.routeTableId}; ${other.address} → ${pod.address} in ${time} ms`;
  },
};

const nodeToPod: Check = {
  name: 'node → pod',
  run: async (scene) => {
    const seen: string[] = [];
    for (const node of scene.box.nodes) {
      for (const pod of onePodPerTable(podsOf(scene, node))) {
        seen.push(`${pod.address} in ${await ping(node.netns, pod.address)} ms`);
      }
    }
    return seen.join(', ');
  },
};

const spoofedSource: Check = {
  name: 'spoofed source is dropped',
  run: async (scene) => {
    const sender = first(podsOf(scene, nodeAt(scene, 0)), 'pod');
    const [receiver, victim] = podsOf(scene, nodeAt(scene, 1));
    const stolen = first(
      [victim, receiver].flatMap((pod) => pod ?? []),
      'pod to imitate',
    ).address;
    const target = first(
      [receiver].flatMap((pod) => pod ?? []),
      'pod on the second node',
    );
    const arrived = await sourcesThatArrive({
      senderNetns: sender.netns,
      sources: [stolen, sender.address],
      receiverNetns: target.netns,
      receiverAddress: target.address,
    });
    expectEqual('the list of sources that arrived', arrived.join(), sender.address);
    return `${sender.address} as ${stolen}: nothing arrived; as itself: arrived`;
  },
};

function onePodPerTable<P extends { readonly routeTableId: number }>(
  pods: readonly P[],
): readonly P[] {
  return [...new Map(pods.map((pod) => [pod.routeTableId, pod])).values()];
}

export const connectivityChecks: readonly Check[] = [
  sameNode,
  acrossNodes,
  toInternet,
  secondaryEni,
  nodeToPod,
  spoofedSource,
];
