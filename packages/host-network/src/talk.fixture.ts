import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

export type Transport = 'tcp' | 'udp';

/** A program in a network namespace that tells everybody who asks by which address it sees them. */
export interface Mirror {
  close(): void;
}

const PORT = 8080;

// One socket for each address, or UDP answers would come from whichever the kernel likes best.
const mirrorProgram = `
  const bare = (address) => address.replace('::ffff:', '');
  const tcp = require('net').createServer((socket) =>
    socket.on('error', () => {}).end(bare(socket.remoteAddress)));
  const addresses = Object.values(require('os').networkInterfaces()).flat()
    .filter(({ address }) => !address.startsWith('fe80:'));
  let waiting = addresses.length + 1;
  const ready = () => { waiting -= 1; if (waiting === 0) console.log('ready'); };
  for (const { address, family } of addresses) {
    const udp = require('dgram').createSocket(family === 'IPv6' ? 'udp6' : 'udp4');
    udp.on('message', (_, from) => udp.send(from.address, from.port, from.address));
    udp.bind(${PORT}, address, ready);
  }
  tcp.listen(${PORT}, '::', ready);`;

const askProgram = `
  const [transport, host, port, from, patienceMs] = process.argv.slice(1);
  const tell = (answer) => { console.log(String(answer)); process.exit(0); };
  setTimeout(() => tell('no answer'), Number(patienceMs));
  if (transport === 'tcp') {
    const socket = require('net').connect({ host, port, localAddress: from || undefined });
    socket.on('data', tell).on('error', ({ code }) => tell(code));
  } else {
    const socket = require('dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', tell).bind(0, from || undefined, () => socket.send('?', port, host));
  }`;

const inNetns = (netns: string, ...words: readonly string[]) => [
  `--net=${netns}`,
  process.execPath,
  ...words,
];

/** Starts a mirror on port 8080 of all addresses of a namespace. */
export async function startMirror(netns: string): Promise<Mirror> {
  const child = spawn('nsenter', inNetns(netns, '-e', mirrorProgram), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return { close: () => child.kill() };
}

export interface Question {
  /** Path of the namespace that asks. */
  readonly netns: string;
  readonly transport: Transport;
  readonly host: string;
  /** Default: the mirror's own. */
  readonly port?: number;
  /** Source address; default: the kernel's choice. */
  readonly from?: string;
  /** Default: 1,000. */
  readonly patienceMs?: number;
}

/** What a mirror answers, `no answer` when none comes in time, or an errno. */
export async function ask({
  netns,
  transport,
  host,
  port = PORT,
  from = '',
  patienceMs = 1_000,
}: Question): Promise<string> {
  const words = ['-e', askProgram, transport, host, String(port), from, String(patienceMs)];
  const { stdout } = await promisify(execFile)('nsenter', inNetns(netns, ...words));
  return stdout.trim();
}

const askInShellProgram = `
  for transport in tcp udp; do
    exec 3<>/dev/$transport/$0/${PORT}
    [ $transport = tcp ] || echo >&3
    timeout 5 dd count=1 status=none <&3
    echo
  done`;

/** What mirrors answer over TCP and over UDP, asked without Node: on an emulated processor that is ten times faster. */
export const askInShell = ({ netns, host }: Pick<Question, 'netns' | 'host'>): readonly string[] =>
  execFileSync(
    'nsenter',
    [`--net=${netns}`, 'timeout', '15', 'bash', '-c', askInShellProgram, host],
    {
      encoding: 'utf8',
    },
  ).split('\n', 2);
