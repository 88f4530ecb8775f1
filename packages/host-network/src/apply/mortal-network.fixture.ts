import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

type Method = Exclude<keyof HostNetwork, 'iptablesBackend' | 'close'>;

/** A host network that may be in another process. */
export type RemoteNetwork = {
  readonly [Name in Method]: (
    ...args: Parameters<HostNetwork[Name]>
  ) => Promise<Awaited<ReturnType<HostNetwork[Name]>>>;
};

/** A daemon that may die at any moment: then every call is rejected with {@link Died}, those under way too. */
export interface MortalNetwork {
  readonly network: RemoteNetwork;
  /** Frees what a dead process would not have any more. */
  bury(): Promise<void>;
}

export class Died extends Error {
  override readonly name = 'Died';
}

/** One in this process that dies when it asks the kernel for something more than `requestCount` times. */
export function dyingAtRequest(requestCount: number): MortalNetwork {
  let asked = 0;
  const isDead = () => asked > requestCount;
  const network = openHostNetwork({
    linkWaitMs: 1_000,
    observe: () => {
      asked += 1;
      if (isDead()) throw new Died();
    },
  });
  return {
    network: remote(async (name, args) => {
      if (isDead()) throw new Died();
      const [result] = await Promise.allSettled([call(network, name, args)]);
      // Whatever it answered, or says went wrong: nobody lives to tell.
      if (isDead()) throw new Died();
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    }),
    bury: () => network.close().catch(() => {}),
  };
}

/** One in a process of its own that gets SIGKILL that long after its first call. */
export function dyingAfter(lifetimeMs: number): MortalNetwork {
  const child = fork(new URL('./mortal-network-process.fixture.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const calls = new Map<number, PromiseWithResolvers<unknown>>();
  let lastCall = 0;
  child.on('message', (message) => {
    const { id, value, error } = message as Answer;
    if (error === undefined) calls.get(id)?.resolve(value);
    else calls.get(id)?.reject(new Error(error));
    calls.delete(id);
  });
  child.on('exit', () => {
    for (const { reject } of calls.values()) reject(new Died());
  });
  return {
    network: remote(async (name, args) => {
      if (hasEnded(child)) throw new Died();
      const answer = Promise.withResolvers<unknown>();
      if (lastCall === 0 && lifetimeMs !== Number.POSITIVE_INFINITY)
        setTimeout(() => child.kill('SIGKILL'), lifetimeMs);
      lastCall += 1;
      calls.set(lastCall, answer);
      child.send({ id: lastCall, name, args } satisfies Call, () => {});
      return answer.promise;
    }),
    bury: async () => {
      if (hasEnded(child)) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

export interface Call {
  readonly id: number;
  readonly name: Method;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Calls a method by its name, which arrived as data. */
export async function call(
  network: HostNetwork,
  name: Method,
  args: readonly unknown[],
): Promise<unknown> {
  const method = network[name] as (...args: readonly unknown[]) => unknown;
  return method(...args);
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode !== null || signalCode !== null;

const remote = (ask: (name: Method, args: readonly unknown[]) => Promise<unknown>): RemoteNetwork =>
  new Proxy({} as RemoteNetwork, {
    get:
      (_, name) =>
      (...args: readonly unknown[]) =>
        ask(name as Method, args),
  });
