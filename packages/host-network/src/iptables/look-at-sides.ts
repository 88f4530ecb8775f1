import type { IptablesBackend } from '../desired/host-facts.ts';
import { chooseBackend } from './choose-backend.ts';
import type { HostCommands } from './host-commands.ts';
import { readOnlyBackend, readSides, type Side } from './read-sides.ts';

/** The back-end that the host uses, and the others that hold something. @param current see {@link chooseBackend}. */
export async function lookAtSides(
  commands: HostCommands,
  current?: IptablesBackend,
): Promise<{ readonly used: Side; readonly others: readonly Side[] }> {
  const sides = await readSides(commands);
  const tables = Object.fromEntries(
    sides.map(({ backend, tables }) => [backend, [tables.ipv4, tables.ipv6]]),
  );
  const chosen = chooseBackend(tables, current);
  const used = sides.find((side) => side.backend === chosen) ?? (await readOnlyBackend(commands));
  return { used, others: sides.filter((side) => side !== used) };
}
