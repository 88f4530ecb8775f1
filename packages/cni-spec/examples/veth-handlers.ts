// veth: connects a pod to the node with a pair of virtual links. The addresses come from another plugin,
// the one that `ipam.type` names. Docs: docs/write-a-cni-plugin.md
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import {
  type AttachmentRequest,
  CNI_ERROR,
  CniError,
  type CniIp,
  CURRENT_VERSION,
  convertResult,
  type PluginConf,
  type PluginHandlers,
  parsePrevResult,
} from '@vpc-cni/cni-spec';
import { delegate } from '@vpc-cni/cni-spec/runtime';

const run = promisify(execFile);
const ip = (...args: readonly string[]) => run('ip', args);
const ipInPod = (netns: string, ...args: readonly string[]) =>
  run('nsenter', [`--net=${netns}`, 'ip', ...args]);

/** Name of the link on the node: the same for every request of one attachment, at most 15 bytes. */
function hostLinkOf({ containerId, ifName }: AttachmentRequest): string {
  const hash = createHash('sha256').update(`${containerId} ${ifName}`).digest('hex');
  return `vx${hash.slice(0, 12)}`;
}

function ipamTypeOf({ ipam }: PluginConf): string {
  const type = ipam?.['type'];
  if (typeof type === 'string' && type !== '') return type;
  throw new CniError(
    CNI_ERROR.invalidConfig,
    'invalid ipam.type',
    'it must name the plugin that gives addresses',
  );
}

async function add(request: AttachmentRequest) {
  const { conf, stdin, netns, ifName } = request;
  const ipam = ipamTypeOf(conf);
  const given = convertResult(await delegate('ADD', ipam, stdin), CURRENT_VERSION);
  try {
    await connect(request, given.ips);
  } catch (error) {
    await delegate('DEL', ipam, stdin); // or else nobody gives the addresses back
    throw error;
  }
  return {
    ...given,
    interfaces: [{ name: hostLinkOf(request) }, { name: ifName, sandbox: netns }],
    ips: given.ips.map((address) => ({ ...address, interface: 1 })),
  };
}

async function connect(request: AttachmentRequest, ips: readonly CniIp[]): Promise<void> {
  const { netns, ifName, signal } = request;
  const hostLink = hostLinkOf(request);
  await ip('link', 'add', hostLink, 'type', 'veth', 'peer', 'name', ifName, 'netns', netns);
  await ip('link', 'set', hostLink, 'up');
  await ipInPod(netns, 'link', 'set', ifName, 'up');
  for (const { address, gateway } of ips) {
    signal.throwIfAborted(); // the runtime has given up
    if (gateway === undefined) throw new Error(`the address ${address} came without a gateway`);
    const [alone] = address.split('/');
    await ip('addr', 'add', gateway, 'dev', hostLink);
    await ip('route', 'replace', `${alone}`, 'dev', hostLink);
    await ipInPod(netns, 'addr', 'add', `${alone}`, 'dev', ifName);
    await ipInPod(netns, 'route', 'add', gateway, 'dev', ifName);
    await ipInPod(netns, 'route', 'add', 'default', 'via', gateway);
  }
}

async function del(request: AttachmentRequest): Promise<void> {
  const { conf, stdin } = request;
  await delegate('DEL', ipamTypeOf(conf), stdin);
  await ip('link', 'del', hostLinkOf(request)).catch((error: Error) => {
    if (!error.message.includes('Cannot find device')) throw error;
  });
}

async function check(request: AttachmentRequest): Promise<void> {
  const { conf, stdin, netns, ifName } = request;
  await delegate('CHECK', ipamTypeOf(conf), stdin);
  const added = parsePrevResult(conf);
  if (added === undefined) throw new Error('CHECK came without prevResult');
  const { stdout } = await ipInPod(netns, '-o', 'addr', 'show', 'dev', ifName);
  for (const { address, interface: index } of convertResult(added, CURRENT_VERSION).ips) {
    const [alone] = address.split('/');
    if (index === 1 && !stdout.includes(` ${alone}/`)) {
      throw new Error(`${ifName} has lost its address ${alone}`);
    }
  }
}

/** What the runtime may ask of this plugin. */
export const handlers: PluginHandlers = {
  add,
  del,
  check,
  status: ({ conf, stdin }) => delegate('STATUS', ipamTypeOf(conf), stdin),
  gc: ({ conf, stdin }) => delegate('GC', ipamTypeOf(conf), stdin),
};
