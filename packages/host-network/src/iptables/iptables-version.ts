import type { IptablesFacts } from '../desired/host-facts.ts';

/**
 * Reads `iptables --version`, for example `iptables v1.8.9 (nf_tables)`. A version that names no
 * back-end counts as nf_tables, as upstream has it.
 */
export function parseIptablesVersion(text: string): IptablesFacts {
  const [, major = '0', minor = '0', patch = '0'] = /v(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  const version = (Number(major) * 1_000 + Number(minor)) * 1_000 + Number(patch);
  return {
    backend: text.includes('legacy') ? 'legacy' : 'nf_tables',
    hasRandomFully: version >= 1_006_002,
  };
}
