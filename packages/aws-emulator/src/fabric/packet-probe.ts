import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

// Test support: small programs in the namespaces of a fabric, because only a packet proves a route.

/** The port every witness listens on. */
export const WITNESS_PORT = 7;
/** Datagrams always leave from the same port, so that repeated ones belong to one tracked connection. */
const SENDER_PORT = 4000;

const WITNESS = `
  require('node:net').createServer((socket) => {
    socket.on('error', () => {});
    socket.end(socket.remoteAddress);
  }).listen(${WITNESS_PORT}, '0.0.0.0', () => {
    const datagrams = require('node:dgram').createSocket('udp4');
    datagrams.on('message', (text, { address }) => console.log(text + ' ' + address));
    datagrams.bind(${WITNESS_PORT}, () => console.log('ready'));
  });
  process.stdin.resume().on('end', () => process.exit());`;

const CLIENT = `
  const [host, source, timeoutMs] = process.argv.slice(1);
  const { connect } = require('node:net');
  const socket = connect({ host, port: ${WITNESS_PORT}, ...(source ? { localAddress: source } : {}) });
  const answer = (text) => { console.log(text); process.exit(); };
  let seenAs = '';
  socket.on('data', (bytes) => { seenAs += bytes; }).on('end', () => answer(seenAs));
  socket.on('error', (error) => answer(error.code));
  setTimeout(answer, Number(timeoutMs), 'nothing');`;

const SENDER = `
  const [host, text] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket('udp4');
  socket.bind(${SENDER_PORT}, () => socket.send(text, ${WITNESS_PORT}, host, () => socket.close()));`;

/** Tells every TCP client, and the test for every datagram, the address it sees it come from. */
export interface Witness {
  /** Source address of the datagram with this text, as soon as there is one. */
  heard(text: string): Promise<string>;
  hasHeard(text: string): boolean;
  stop(): Promise<void>;
}

/** Starts a witness on all addresses of a namespace; of the fabric's own without one. */
export async function startWitness(netnsPath?: string): Promise<Witness> {
  const child = startNode(netnsPath, WITNESS, []);
  const sources = new Map<string, string>();
  const lines = createInterface(child.stdout);
  await once(lines, 'line');
  lines.on('line', (line) => {
    const [text = '', source = ''] = line.split(' ');
    sources.set(text, source);
  });
  return {
    heard: async (text) => {
      for (;;) {
        const source = sources.get(text);
        if (source !== undefined) return source;
        await once(lines, 'line');
      }
    },
    hasHeard: (text) => sources.has(text),
    stop: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** A namespace that sends, and the address it sends to. */
export interface Path {
  readonly from: { readonly netnsPath: string };
  readonly to: string;
}

/** One TCP connection to a witness. */
export interface Probe extends Path {
  /** Address to bind, which the namespace must have. Default: the kernel's choice. */
  readonly source?: string;
  /** How long to wait. Default 8000; give a short time where nothing is expected. */
  readonly timeoutMs?: number;
}

/** What came of a probe: the address the witness saw, the name of an errno, or `nothing` within the time. */
export async function probe({ from, to, source = '', timeoutMs = 8000 }: Probe): Promise<string> {
  const child = startNode(from.netnsPath, CLIENT, [to, source, String(timeoutMs)]);
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  await once(child, 'close');
  return answer.trim();
}

/** A datagram, the witness it is meant for, and a path by which that witness is reached for certain. */
export interface OneWay extends Path {
  readonly witness: Witness;
  readonly certain: Path;
}

let datagramCount = 0;

/**
 * Sends one datagram, which proves the way there alone: no reply could be what was dropped. A second one that
 * certainly arrives tells when to stop waiting.
 *
 * @returns The address the witness saw, or `dropped`.
 */
export async function sendOneWay({ from, to, witness, certain }: OneWay): Promise<string> {
  datagramCount += 1;
  const text = `datagram-${datagramCount}`;
  await send({ from, to }, text);
  await send(certain, `after-${text}`);
  await witness.heard(`after-${text}`);
  return witness.hasHeard(text) ? witness.heard(text) : 'dropped';
}

async function send({ from, to }: Path, text: string): Promise<void> {
  await once(startNode(from.netnsPath, SENDER, [to, text]), 'close');
}

function startNode(
  netnsPath: string | undefined,
  script: string,
  parameters: readonly string[],
): ChildProcessByStdio<Writable, Readable, null> {
  const node = [process.execPath, '-e', script, '--', ...parameters];
  const [program = '', ...rest] =
    netnsPath === undefined ? node : ['nsenter', `--net=${netnsPath}`, '--', ...node];
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
}
