import {
  type CniProcessResponse,
  handleRequest,
  KNOWN_VERSIONS,
  type PluginHandlers,
} from '@vpc-cni/cni-spec';
import type { Ipv4Address } from '@vpc-cni/ipam';
import { createPluginHandlers, type WiringPort } from '@vpc-cni/plugin';
import { createAddressPort } from '../address-port.ts';
import type { Fate } from './fate.fixture.ts';
import type { Node } from './node.fixture.ts';
import type { Witness } from './witness.fixture.ts';

/** A sandbox of a pod; a pod that is restarted gets another one. */
export interface Sandbox {
  readonly containerId: string;
  readonly podName: string;
}

/** A container runtime on a node, with the launcher between the two. */
export interface SandboxRuntime {
  /** @returns whether the sandbox has its address now, and its DEL has not begun. */
  add(sandbox: Sandbox, signal: AbortSignal): Promise<boolean>;
  /** Repeats DEL until it succeeds. A launcher that finds no daemon keeps it for the next one. */
  del(sandbox: Sandbox): Promise<void>;
  /** The sandbox is gone, and nobody will say so. */
  forget(sandbox: Sandbox): void;
  /** GC, once no ADD is under way: what is not of these sandboxes goes. */
  collect(valid: Iterable<Sandbox>): Promise<void>;
  /** Begins to serve once the node's daemon is up and what launchers have kept is carried out. */
  connect(): Promise<void>;
}

interface Service {
  readonly fate: Fate;
  readonly handlers: PluginHandlers;
}

const RETRY_MS = 20;

export function createSandboxRuntime(node: Node, witness: Witness): SandboxRuntime {
  const { clock, host, instanceId } = node.site;
  const pod = ({ containerId }: Sandbox) => ({ instanceId, podName: containerId });
  /** What each sandbox's network namespace has. */
  const namespaces = new Map<string, string>();
  const gone = new Set<Sandbox>();
  const adding = new Set<Promise<unknown>>();
  const kept = new Set<Sandbox>();
  let service: Service | undefined;

  /** The answer; none when no daemon serves, or the one that did has died. */
  async function call(
    serving: Service | undefined,
    command: string,
    { containerId, podName }: Sandbox,
    { signal, conf }: { readonly signal?: AbortSignal; readonly conf?: object } = {},
  ): Promise<CniProcessResponse | undefined> {
    if (serving === undefined || serving.fate.isDead) return undefined;
    const environment = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerId,
      CNI_NETNS: `/run/netns/${containerId}`,
      CNI_IFNAME: 'eth0',
      CNI_ARGS: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${podName}`,
      CNI_PATH: '/opt/cni/bin',
    };
    const stdin = JSON.stringify({ ...CONF, ...conf });
    const answer = handleRequest({ environment, stdin }, serving.handlers, {
      supportedVersions: KNOWN_VERSIONS,
      ...(signal === undefined ? {} : { signal }),
    });
    return Promise.race([answer, serving.fate.died.then(() => undefined)]);
  }

  /**
   * Host links are named after the pod: those of its sandboxes take each other's place. Wiring is
   * synchronous, as it is in the kernel: what was asked for first is done first.
   */
  const wiringOf = (fate: Fate): WiringPort => ({
    setUp: async ({ podName, netnsPath, address }) => {
      if (fate.isDead) return new Promise(() => {});
      if (namespaces.has(netnsPath)) {
        throw Object.assign(new Error('[link-exists] eth0'), { code: 'link-exists' });
      }
      namespaces.set(netnsPath, address);
      host.wire({ podName, address: address as Ipv4Address }); // the book's own
      return { hostLinkName: `eni-${podName}` };
    },
    tearDown: async ({ podName, netnsPath, address }) => {
      if (fate.isDead) return new Promise(() => {});
      namespaces.delete(netnsPath);
      if (host.pods.get(podName)?.address === address) host.pods.delete(podName);
    },
    check: async () => [],
  });

  const leave = (sandbox: Sandbox) => {
    gone.add(sandbox);
    witness.released(pod(sandbox));
  };

  return {
    add: async (sandbox, signal) => {
      const answer = call(service, 'ADD', sandbox, { signal });
      adding.add(answer);
      const reply = await answer.finally(() => adding.delete(answer));
      if (reply?.exitCode !== 0 || gone.has(sandbox)) return false;
      const [address] = String(JSON.parse(reply.stdout).ips[0].address).split('/');
      witness.handedOut(pod(sandbox), address as Ipv4Address); // what the result says
      return true;
    },
    del: async (sandbox) => {
      leave(sandbox);
      for (;;) {
        const reply = await call(service, 'DEL', sandbox);
        if (reply === undefined) kept.add(sandbox);
        if (reply === undefined || reply.exitCode === 0) return;
        await clock.sleep(RETRY_MS);
      }
    },
    forget: leave,
    collect: async (valid) => {
      await Promise.all(adding);
      const attachments = [...valid].map(({ containerId }) => ({
        containerID: containerId,
        ifname: 'eth0',
      }));
      const conf = { cniVersion: '1.1.0', 'cni.dev/valid-attachments': attachments };
      await call(service, 'GC', { containerId: '', podName: '' }, { conf });
    },
    connect: async () => {
      const { ready, fate } = node.daemon;
      const { book, desk, controller } = await ready;
      const addresses = createAddressPort({
        book,
        desk,
        allowsEveryCard: false,
        onRefusal: () => {},
      });
      const wiring = wiringOf(fate);
      const next = {
        fate,
        handlers: createPluginHandlers({ addresses, wiring, readiness: controller }),
      };
      for (const sandbox of kept) {
        const reply = await call(next, 'DEL', sandbox);
        if (reply === undefined) return;
        if (reply.exitCode === 0) kept.delete(sandbox);
      }
      service = next;
    },
  };
}

const CONF = { cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni', vethPrefix: 'eni' };
