import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programPath } from '../program-path.ts';
import { mustRun, runCommand, startProgram } from '../run-command.ts';

/** Round-trip time of one ping in ms, as `ping` prints it. */
export async function ping(fromNetns: string, to: string): Promise<string> {
  const output = await mustRun(['ping', '-n', '-c', '1', '-W', '2', to], { netns: fromNetns });
  return /time=([\d.]+) ms/.exec(output)?.[1] ?? '?';
}

/** The source address that a server at `serverNetns`, reached at `serverAddress`, sees of us. */
export async function seenSource(options: {
  readonly clientNetns: string;
  readonly serverNetns: string;
  readonly serverAddress: string;
  /** Port to connect to, where something translates it to the server's 8080. */
  readonly port?: number;
}): Promise<string> {
  const { clientNetns, serverNetns, serverAddress, port = 8080 } = options;
  const server = await startListener('whoami-server.mjs', serverNetns);
  try {
    const url = `http://${serverAddress}:${port}/`;
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
  const receiver = await startListener('datagram-listener.mjs', receiverNetns);
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

async function startListener(program: string, netns: string) {
  const running = startProgram([process.execPath, programPath(program)], {
    netns,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { stdout } = running.process;
  if (stdout === null) throw new Error(`${program} has no output to read`);
  const lines: string[] = [];
  const reader = createInterface({ input: stdout });
  await Promise.race([once(reader, 'line'), once(reader, 'close')]);
  reader.on('line', (line) => lines.push(line));
  return { lines, stop: () => running.stop() };
}
