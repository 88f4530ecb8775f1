import type { Pod, SandboxNode } from '../node.ts';
import type { VpcInABox } from '../vpc-in-a-box.ts';

/** What the checks look at. */
export interface Scene {
  readonly box: VpcInABox;
  /** Pods that run, by node. */
  readonly pods: ReadonlyMap<SandboxNode, readonly Pod[]>;
}

/** A statement about the sandbox, tried out. */
export interface Check {
  readonly name: string;
  /** Resolves to what was seen; throws when it is not what it should be. */
  readonly run: (scene: Scene) => Promise<string>;
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen, or why it failed. */
  readonly detail: string;
}

/** Runs the checks one after the other; a failing one does not keep the others from running. */
export async function runChecks(
  checks: readonly Check[],
  scene: Scene,
  onResult: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, run } of checks) {
    const result = await run(scene).then(
      (detail) => ({ name, ok: true, detail }),
      (error: unknown) => ({
        name,
        ok: false,
        detail: error instanceof Error ? error.message : String(error),
      }),
    );
    results.push(result);
    onResult(result);
  }
  return results;
}

export function expectEqual(what: string, seen: unknown, expected: unknown): void {
  if (seen !== expected)
    throw new Error(`${what} is ${String(seen)}, expected ${String(expected)}`);
}

/** Member of a list that must have one. */
export function first<T>(list: readonly T[] | undefined, what: string): T {
  const [member] = list ?? [];
  if (member === undefined) throw new Error(`the sandbox has no ${what}`);
  return member;
}

export const nodeAt = (scene: Scene, index: number) =>
  first(scene.box.nodes.slice(index), `node ${index}`);

export const podsOf = (scene: Scene, node: SandboxNode) => scene.pods.get(node) ?? [];
