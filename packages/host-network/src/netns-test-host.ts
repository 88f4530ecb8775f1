import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { enterNewNetns } from './netns/enter-new-netns.ts';

/** A host for kernel tests: this thread in a fresh network namespace, with ENIs and pod namespaces on demand. */
export interface TestHost {
  /** Runs a shell command on the host and returns its standard output. */
  sh(command: string): string;
  /** Name of the namespace in which the ENIs' other ends are: the VPC, as far as a test makes one. */
  readonly outside: string;
  /** Path of the host's own namespace, for programs that are to ask from there. */
  readonly inside: string;
  /** Makes an ENI's link appear: one end of a veth pair whose other end lies outside, up, as a cable. */
  addEni(eni: { readonly name: string; readonly mac: string; readonly address?: string }): void;
  /** Makes namespaces as a runtime would and returns their paths. */
  addPodNetns(...names: readonly string[]): readonly string[];
  deletePodNetns(name: string): void;
  close(): void;
}

let hostCount = 0;

export function createTestHost(): TestHost {
  const leave = enterNewNetns();
  hostCount += 1;
  const prefix = `hn${process.pid}-${hostCount}`;
  const outside = `${prefix}-outside`;
  const names = new Set<string>([outside]);
  const sh = (command: string) =>
    execFileSync('sh', ['-ec', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  // What the other ends would wait for must not be mistaken for our waiting.
  sh(`ip netns add ${outside}
    ip netns exec ${outside} sysctl -qw net.ipv6.conf.default.accept_dad=0`);

  return {
    sh,
    outside,
    inside: `/proc/${process.pid}/task/${threadId()}/ns/net`,
    addEni: ({ name, mac, address }) => {
      sh(`ip link add ${name} address ${mac} type veth peer name ${name} netns ${outside}`);
      sh(`ip -n ${outside} link set ${name} up`);
      if (address !== undefined)
        sh(`ip addr add ${address} brd + dev ${name}; ip link set ${name} up`);
    },
    addPodNetns: (...pods) => {
      const full = pods.map((pod) => `${prefix}-${pod}`);
      for (const name of full) names.add(name);
      execFileSync('ip', ['-batch', '-'], {
        input: full.map((name) => `netns add ${name}\n`).join(''),
      });
      return full.map((name) => `/run/netns/${name}`);
    },
    deletePodNetns: (pod) => {
      const name = `${prefix}-${pod}`;
      names.delete(name);
      sh(`ip netns del ${name}`);
    },
    close: () => {
      try {
        execFileSync('ip', ['-batch', '-'], {
          input: [...names].map((name) => `netns del ${name}\n`).join(''),
        });
      } finally {
        leave();
      }
    },
  };
}

/** The kernel's number of the calling thread, which is in the test host's namespace. */
const threadId = () => readFileSync('/proc/thread-self/stat', 'utf8').split(' ', 1)[0] ?? '';

/** Lines without surrounding blanks and empty lines; runs of blanks become one. */
export const tidyLines = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '');
