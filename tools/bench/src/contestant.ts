import { spawn, spawnSync } from 'node:child_process';
import { inNetns } from '@vpc-cni/host-network';

/** A pod's namespace and identity, made before the clock starts. */
export interface BenchPod {
  readonly name: string;
  readonly netns: string;
  readonly containerId: string;
}

/** A CNI plugin in the race: an executable, its configuration, and what its environment needs. */
export interface Contestant {
  readonly name: string;
  readonly path: string;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
}

type Verb = 'ADD' | 'DEL';

interface Invocation {
  readonly contestant: Contestant;
  readonly verb: Verb;
  /** Namespace the plugin is executed in. */
  readonly hostNetns: string;
}

const environmentOf = ({ contestant, verb }: Invocation, pod: BenchPod) => ({
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  CNI_COMMAND: verb,
  CNI_CONTAINERID: pod.containerId,
  CNI_NETNS: pod.netns,
  CNI_IFNAME: 'eth0',
  CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=${pod.name}`,
  ...contestant.environment,
});

/** Milliseconds from exec to exit of one verb for one pod. */
export function runOne(invocation: Invocation, pod: BenchPod): number {
  const { contestant, hostNetns } = invocation;
  const env = environmentOf(invocation, pod);
  const input = JSON.stringify(contestant.conf);
  const startedAt = performance.now();
  const { status, stdout } = inNetns(hostNetns, () =>
    spawnSync(contestant.path, [], { env, input, timeout: 30_000 }),
  );
  const elapsedMs = performance.now() - startedAt;
  if (status !== 0) throw failure(invocation, pod, status, stdout.toString());
  return elapsedMs;
}

/** Milliseconds from the first exec to the last exit, one verb for all pods at once. */
export async function runAtOnce(
  invocation: Invocation,
  pods: readonly BenchPod[],
): Promise<number> {
  const { contestant, hostNetns } = invocation;
  const input = JSON.stringify(contestant.conf);
  const startedAt = performance.now();
  const children = inNetns(hostNetns, () =>
    pods.map((pod) => {
      const child = spawn(contestant.path, [], { env: environmentOf(invocation, pod) });
      child.stdin.end(input);
      return { pod, child };
    }),
  );
  await Promise.all(
    children.map(
      ({ pod, child }) =>
        new Promise<void>((resolve, reject) => {
          let output = '';
          child.stdout.setEncoding('utf8').on('data', (text: string) => {
            output += text;
          });
          child.once('error', reject);
          child.once('close', (status) => {
            if (status === 0) resolve();
            else reject(failure(invocation, pod, status, output));
          });
        }),
    ),
  );
  return performance.now() - startedAt;
}

const failure = (
  { contestant, verb }: Invocation,
  pod: BenchPod,
  status: number | null,
  output: string,
) => new Error(`${contestant.name}: ${verb} of ${pod.name} ended with ${status}: ${output}`);
