import { openNetlink } from '@vpc-cni/host-network';
import { createImds } from '@vpc-cni/imds';
import type { Command } from './command.ts';
import { copyPrograms } from './copy-programs.ts';
import { prepareHost } from './prepare-host.ts';

/** What the init container runs: `init PLUGINS`, the directory of plugins that others wrote. */
export const init: Command = async ({ settings, args: [plugins = '.'], log }) => {
  const copied = await copyPrograms({ from: plugins, to: settings.binDirectory });
  log(
    'info',
    `copied to ${settings.binDirectory}: ${copied.join(' ') || 'nothing, all are there'}`,
  );
  const { primaryMac } = await createImds({ endpoint: settings.imdsEndpoint }).readInstance();
  const host = openNetlink();
  await prepareHost({ settings, primaryMac, links: host.links, log });
  host.close();
  return 0;
};
