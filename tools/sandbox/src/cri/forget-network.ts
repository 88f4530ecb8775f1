import type { SandboxNode } from '../node.ts';
import { mustRun } from '../run-command.ts';

/**
 * Takes from a node's network namespace what a kernel that has just booted does not have: rules, routes, firewall,
 * and addresses that its network manager does not give (it cares for the primary ENI alone).
 *
 * Links of pods go with the pods' namespaces; this waits for them.
 */
export async function forgetNetwork({ netns, primaryAddress }: SandboxNode): Promise<void> {
  const run = (...argv: readonly string[]) => mustRun(argv, { netns });
  await run('ip', 'rule', 'flush');
  await run('ip', 'rule', 'add', 'priority', '32766', 'lookup', 'main');
  await run('ip', 'rule', 'add', 'priority', '32767', 'lookup', 'default');
  await run('nft', 'flush', 'ruleset');
  const addresses = await run('ip', '-o', '-4', 'address');
  const primaryLink = new RegExp(`^\\d+: (\\S+) +inet ${primaryAddress}/`, 'm').exec(
    addresses,
  )?.[1];
  const routes = await run('ip', 'route', 'show', 'table', 'all');
  for (const [, table = ''] of routes.matchAll(/ table (\d+)/g)) {
    await run('ip', 'route', 'flush', 'table', table);
  }
  for (const [, link = ''] of (await run('ip', '-o', 'link')).matchAll(/^\d+: ([^:@]+)/gm)) {
    if (link === 'lo' || link === primaryLink) continue;
    await run('ip', 'address', 'flush', 'dev', link);
    await run('ip', 'link', 'set', link, 'down');
  }
}
