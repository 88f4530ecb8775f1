import { type NetworkConfList, parseConfList } from '@vpc-cni/cni-spec';
import type { ChainSettings } from './settings.ts';

/** What a list of an operator's own may leave open; the names are the AWS VPC CNI's. */
const PLACEHOLDERS: Readonly<Record<string, (chain: ChainSettings) => string>> = {
  __VETHPREFIX__: (chain) => chain.vethPrefix,
  __MTU__: (chain) => `${chain.podMtuBytes}`,
  __PODSGENFORCINGMODE__: (chain) => chain.podSgEnforcingMode,
  __PLUGINLOGFILE__: (chain) => chain.pluginLogFile,
  __PLUGINLOGLEVEL__: (chain) => chain.pluginLogLevel,
  __RANDOMIZESNAT__: (chain) => chain.randomizeSnat,
};

/**
 * The configuration list that an operator gives instead of ours (`cniConfig` of the chart), with its placeholders filled in.
 *
 * @throws {Error} for a placeholder that is not known; {@link CniError} when it is no list.
 */
export function fillInList(template: string, chain: ChainSettings): NetworkConfList {
  const text = template.replace(/__[A-Z]+__/g, (placeholder) => {
    const value = PLACEHOLDERS[placeholder]?.(chain);
    if (value === undefined) {
      const known = Object.keys(PLACEHOLDERS).join(', ');
      throw new Error(`the given list has the placeholder ${placeholder}, known are ${known}`);
    }
    // Inside quotes, as the template has it.
    return JSON.stringify(value).slice(1, -1);
  });
  return parseConfList(text);
}
