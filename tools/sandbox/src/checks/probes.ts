import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programPath } from '../program-path.ts';
import { mustRun, runCommand, startProgram } from '../run-command.ts';

/**
 * Round-trip time of one ping in ms, as `ping` prints it. On an IPv6 link that is just up, it waits for duplicate
 * address detection, two seconds at most, and for the next question for its neighbour, a second later.
 */
export async function ping(fromNetns: string, to: string): Promise<string> {
  const output = await mustRun(['ping', '-n', '-c', '1', '-W', '5', to], { netns: fromNetns });
  return /time=([\d.]+) ms/.exec(output)?.[1] ?? '?';
}

/** Pings ten times a second until it is ended; then tells which of the pings had no answer. */
export function keepPinging(fromNetns: string, to: string): { end(): Promise<readonly number[]> } {
  const pinging = startProgram(['ping', '-n', '-i', '0.1', to], {
    netns: fromNetns,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  pinging.process.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return {
    end: async () => {
      await pinging.stop('SIGINT');
      const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1]);
      const answered = new Set([...text.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, n]) => Number(n)));
      if (!(sent > 1)) throw new Error(`pings of ${to} did not begin: ${text}`);
      // The answer to the last one may have been on its way.
      const numbers = Array.from({ length: sent - 1 }, (_, index) => index + 1);
      return numbers.filter((number) => !answered.has(number));
    },
  };
}

/** The source address that a server at `serverNetns`, reached at `serverAddress`, sees of us. */
export async function seenSource(options: {
  readonly clientNetns: string;
  readonly serverNetns: string;
  readonly serverAddress: string;
  /** Port that the server listens on. Default 8080. */
  readonly serverPort?: number;
  /** Port to connect to, where something translates it to the server's. */
  readonly port?: number;
}): Promise<string> {
  const { clientNetns, serverNetns, serverAddress, serverPort = 8080 } = options;
  const { port = serverPort } = options;
  const server = await startListener(['whoami-server.mjs', `${serverPort}`], serverNetns);
  try {
    const host = serverAddress.includes(':') ? `[${serverAddress}]` : serverAddress;
    const url = `http://${host}:${port}/`;
    return await mustRun([process.execPath, programPath('http-get.mjs'), url], {
      netns: clientNetns,
    });
  } finally {
    await server.stop();
  }
}

/** Which of the source addresses, used by a program at `senderNetns`, get datagrams through. */
export async function sourcesThatArrive(options: {
  readonly senderNetns: string;
  readonly sources: readonly string[];
  readonly receiverNetns: string;
  readonly receiverAddress: string;
}): Promise<readonly string[]> {
  const { senderNetns, sources, receiverNetns, receiverAddress } = options;
  const receiver = await startListener(['datagram-listener.mjs'], receiverNetns);
  try {
    for (const source of sources) {
      // The address is made the sender's own for the moment, so that its kernel lets it be used.
      const borrow = ['ip', 'addr', 'add', `${source}/32`, 'dev', 'lo'];
      await runCommand(borrow, { netns: senderNetns });
      await mustRun(
        [process.execPath, programPath('send-datagrams.mjs'), source, receiverAddress],
        { netns: senderNetns },
      );
      await runCommand(['ip', 'addr', 'del', `${source}/32`, 'dev', 'lo'], { netns: senderNetns });
    }
    return [...new Set(receiver.lines)];
  } finally {
    await receiver.stop();
  }
}

/** What a DNS server answers; ours tells whom it sees ask. Over UDP. */
export async function dnsAnswer(options: {
  readonly clientNetns: string;
  /** Default: this process's own, which is the fabric. */
  readonly serverNetns?: string;
  readonly serverAddress: string;
}): Promise<string> {
  const { clientNetns, serverNetns, serverAddress } = options;
  const server = await startListener(['dns-server.mjs', serverAddress], serverNetns);
  try {
    const ask = [process.execPath, programPath('dns-ask.mjs'), serverAddress, 'pods.example'];
    return (await mustRun(ask, { netns: clientNetns })).trim();
  } finally {
    await server.stop();
  }
}

/** One end's view of a transfer. */
export interface Transferred {
  readonly bytes: number;
  readonly sha256: string;
}

/** Sends random bytes over TCP; what left, how long it took, and what arrived. */
export async function transfer(options: {
  readonly fromNetns: string;
  readonly toNetns: string;
  readonly toAddress: string;
  readonly mebibytes: number;
}): Promise<{ sent: Transferred & { readonly seconds: number }; received: Transferred }> {
  const { fromNetns, toNetns, toAddress, mebibytes } = options;
  const sink = await startListener(['tcp-sink.mjs', '8080'], toNetns);
  try {
    const source = [programPath('tcp-source.mjs'), toAddress, '8080', `${mebibytes}`];
    const sent = mustRun([process.execPath, ...source], { netns: fromNetns, timeoutMs: 60_000 });
    const { seconds, ...left } = JSON.parse(await sent);
    await sink.ended;
    return { sent: { ...left, seconds }, received: JSON.parse(sink.lines[0] ?? '{}') };
  } finally {
    await sink.stop();
  }
}

async function startListener([program = '', ...args]: readonly string[], netns?: string) {
  const running = startProgram([process.execPath, programPath(program), ...args], {
    ...(netns === undefined ? {} : { netns }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = running.process;
  if (stdout === null) throw new Error(`${program} has no output to read`);
  const lines: string[] = [];
  const reader = createInterface({ input: stdout });
  const ended = once(reader, 'close');
  await Promise.race([once(reader, 'line'), ended]);
  reader.on('line', (line) => lines.push(line));
  return { lines, ended, stop: () => running.stop() };
}
