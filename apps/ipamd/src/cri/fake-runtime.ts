import type { ContainerRuntime, Sandbox } from './container-runtime.ts';

/** A container runtime in memory, for tests. */
export interface FakeRuntime extends ContainerRuntime {
  run(id: string, pod?: Partial<Sandbox> & { readonly address?: string }): void;
  remove(id: string): void;
  /** Makes it answer nothing but errors, or work again. */
  fail(fails: boolean): void;
  /** How often addresses were asked for. */
  readonly addressQuestions: number;
}

export function createFakeRuntime(): FakeRuntime {
  const sandboxes = new Map<string, Sandbox & { readonly address: string }>();
  let fails = false;
  let addressQuestions = 0;
  const answer = <T>(value: T): Promise<T> =>
    fails ? Promise.reject(new Error('containerd is restarting')) : Promise.resolve(value);
  return {
    run: (id, pod = {}) => {
      const usual = { podNamespace: 'default', podName: id, isReady: true, address: '' };
      sandboxes.set(id, { ...usual, ...pod, id });
    },
    remove: (id) => void sandboxes.delete(id),
    fail: (value) => {
      fails = value;
    },
    get addressQuestions() {
      return addressQuestions;
    },
    describe: () => answer('fake 1.0'),
    listSandboxes: () => answer([...sandboxes.values()]),
    addressOf: (id) => {
      addressQuestions += 1;
      return answer(sandboxes.get(id)?.address);
    },
  };
}
