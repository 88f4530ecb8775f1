import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { bookkeepingChecks } from './checks/bookkeeping.ts';
import { type CheckResult, runChecks, type Scene } from './checks/check.ts';
import { connectivityChecks } from './checks/connectivity.ts';
import { HELP, parseOptions, type SandboxOptions } from './options.ts';
import { checkLine, eniRows, formatTable, howToEnter } from './report.ts';
import { startPods } from './start-pods.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

async function main(options: SandboxOptions): Promise<boolean> {
  const say = options.json ? () => {} : (line: string) => console.log(line);
  const startedAt = performance.now();
  const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

  say(`building a VPC with ${options.nodeCount} nodes (${options.instanceType}) …`);
  const box = await createVpcInABox(options);
  try {
    await Promise.all(box.nodes.map((node) => node.start()));
    say(`${elapsed()}  nodes are ready`);
    const pods = await startPods(box, options.podsPerNode);
    say(`${elapsed()}  ${[...pods.values()].flat().length} pods have addresses\n`);

    const results = await check({ box, pods }, (result) => say(checkLine(result)));
    const rows = await eniRows(box);
    say(`\n${formatTable(rows)}`);
    const ok = results.every((result) => result.ok);
    say(`\n${ok ? 'all checks passed' : 'SOME CHECKS FAILED'} in ${elapsed()}`);
    if (options.json) {
      console.log(
        JSON.stringify({
          ok,
          elapsedMs: performance.now() - startedAt,
          checks: results,
          enis: rows,
        }),
      );
    }
    if (options.keep) await stayUp(box, say);
    return ok;
  } finally {
    await box.close();
  }
}

const check = (scene: Scene, onResult: (result: CheckResult) => void) =>
  runChecks([...connectivityChecks, ...bookkeepingChecks], scene, onResult);

/** The initial user namespace maps every id there is. */
const isWholeRange = (uidMap: string) => uidMap.trim().endsWith('4294967295');

async function stayUp(box: VpcInABox, say: (line: string) => void): Promise<void> {
  const entry = {
    pid: Number(process.env['IN_NAMESPACE_PID']),
    isUnprivileged: !isWholeRange(await readFile('/proc/self/uid_map', 'utf8')),
  };
  say(`\n${howToEnter(box, entry)}`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) console.log(HELP);
  else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  console.error(error instanceof TypeError ? `sandbox: ${error.message}\n\n${HELP}` : error);
  process.exitCode = 1;
}
