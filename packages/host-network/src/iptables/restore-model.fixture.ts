/** The tables of a node on which nothing was ever configured. */
export const emptyNode = [
  ...['*filter', ':FORWARD ACCEPT [0:0]', 'COMMIT'],
  ...['*mangle', ':PREROUTING ACCEPT [0:0]', 'COMMIT'],
  ...['*nat', ':PREROUTING ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]', 'COMMIT', ''],
].join('\n');

/** What iptables-restore --noflush does with a batch, over iptables-save text, as far as we use it. */
export function restore(saved: string, batch: string | undefined): string {
  const tables = new Map<string, Map<string, string[]>>();
  const chainsOf = (table: string) => {
    const chains = tables.get(table) ?? new Map<string, string[]>();
    tables.set(table, chains);
    return chains;
  };
  for (const text of [saved, batch ?? '']) {
    let chains = chainsOf('nat');
    for (const line of text.split('\n')) {
      const [command = '', chain = ''] = line.split(' ');
      const rest = line.slice(command.length + chain.length + 2);
      const rules = () => {
        const found = chains.get(chain);
        if (found === undefined) throw new Error(`no chain for: ${line}`);
        return found;
      };
      if (line.startsWith('*')) chains = chainsOf(line.slice(1));
      else if (line.startsWith(':')) chains.set(command.slice(1), []);
      else if (command === '-A') rules().push(rest);
      else if (command === '-I') rules().unshift(rest);
      else if (command === '-F') rules().length = 0;
      else if (command === '-D') {
        const at = rules().indexOf(rest);
        if (at < 0) throw new Error(`no such rule: ${line}`);
        rules().splice(at, 1);
      } else if (command === '-X') {
        const isUsed = [...chains.values()].flat().some((rule) => rule.endsWith(` ${chain}`));
        if (rules().length > 0 || isUsed) throw new Error(`chain in use: ${line}`);
        chains.delete(chain);
      }
    }
  }
  const lines: string[] = [];
  for (const [table, chains] of tables) {
    lines.push(`*${table}`);
    const names = [...chains.keys()].sort();
    lines.push(...names.map((name) => `:${name} - [0:0]`));
    for (const name of names) {
      lines.push(...(chains.get(name) ?? []).map((rule) => `-A ${name} ${rule}`));
    }
    lines.push('COMMIT');
  }
  return `${lines.join('\n')}\n`;
}
