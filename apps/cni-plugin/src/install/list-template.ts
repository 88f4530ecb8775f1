import { type NetworkConfList, parseConfList } from '@vpc-cni/cni-spec';
import { egressEntry, type OwnChain } from './plugin-chain.ts';

/** What a list of an operator's own may leave open, by the AWS VPC CNI's names. */
function placeholdersOf({ chain, egress }: OwnChain): Readonly<Record<string, string>> {
  const ours = {
    __VETHPREFIX__: chain.vethPrefix,
    __MTU__: `${chain.podMtuBytes}`,
    __PODSGENFORCINGMODE__: chain.podSgEnforcingMode,
    __PLUGINLOGFILE__: chain.pluginLogFile,
    __PLUGINLOGLEVEL__: chain.pluginLogLevel,
    __RANDOMIZESNAT__: chain.randomizeSnat,
  };
  // Without the program on the host, a list with it would fail every pod.
  if (egress === undefined) return ours;
  const { enabled, nodeIP, ipam, pluginLogFile } = egressEntry(chain, egress);
  return {
    ...ours,
    __EGRESSPLUGINENABLED__: enabled,
    __NODEIP__: nodeIP,
    __EGRESSPLUGINIPAMSUBNET__: ipam.ranges[0][0].subnet,
    __EGRESSPLUGINIPAMDST__: ipam.routes[0].dst,
    __EGRESSPLUGINIPAMDATADIR__: ipam.dataDir,
    __EGRESSPLUGINLOGFILE__: pluginLogFile,
  };
}

/**
 * The configuration list that an operator gives instead of ours (`cniConfig` of the chart), with its placeholders filled in.
 *
 * @throws {Error} for a placeholder that is not known; {@link CniError} when it is no list.
 */
export function fillInList(template: string, own: OwnChain): NetworkConfList {
  const values = placeholdersOf(own);
  const text = template.replace(/__[A-Z]+__/g, (placeholder) => {
    const value = values[placeholder];
    if (value === undefined) {
      const known = Object.keys(values).join(', ');
      throw new Error(`the given list has the placeholder ${placeholder}, known are ${known}`);
    }
    // Inside quotes, as the template has it.
    return JSON.stringify(value).slice(1, -1);
  });
  return parseConfList(text);
}
