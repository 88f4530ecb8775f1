import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isCniError } from '@vpc-cni/cni-spec';
import { updateConfList } from '@vpc-cni/cni-spec/conflist';
import { fillInList } from './list-template.ts';
import type { Log } from './log.ts';
import { type OwnChain, withOwnPlugins, withoutOwnPlugins } from './plugin-chain.ts';

/** Others look for this very name: Multus' delegate, support scripts. */
const FILE_NAME = '10-aws.conflist';

/**
 * Puts our plugins into the configuration list that makes kubelet take the node for ready.
 *
 * With `own.template` that is the whole list.
 *
 * A file that cannot be read as a list is set aside, so that a damaged one does not keep the node from its network.
 */
export async function installConfList(directory: string, own: OwnChain, log: Log): Promise<void> {
  const path = join(directory, FILE_NAME);
  const { template } = own;
  const given = template === undefined ? undefined : fillInList(template, own);
  const update = () => updateConfList(path, (current) => given ?? withOwnPlugins(current, own));
  const isChanged = await update().catch(async (error: unknown) => {
    if (!isCniError(error)) throw error;
    const aside = join(dirname(path), `.${basename(path)}.unreadable`);
    await rename(path, aside);
    log('warning', `${path} was no configuration list and is now ${aside}: ${error.message}`);
    return update();
  });
  log('info', isChanged ? `wrote ${path}` : `${path} is as it should be`);
}

/** Takes our plugins out of the list, and the list away when nothing else is in it. */
export async function uninstallConfList(directory: string, log: Log): Promise<void> {
  const path = join(directory, FILE_NAME);
  const isChanged = await updateConfList(path, (current) =>
    current === undefined ? undefined : withoutOwnPlugins(current),
  );
  log('info', isChanged ? `took our plugins out of ${path}` : `${path} has none of our plugins`);
}
