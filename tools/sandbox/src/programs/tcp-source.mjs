// tcp-source.mjs HOST PORT MEBIBYTES: sends random bytes, each MiB another; prints their number, SHA-256 and the seconds it took.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

const [host, port, mebibytes] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), timeout: 30_000 });
socket.on('timeout', () => socket.destroy(new Error('nothing moves for 30 s')));
await once(socket, 'connect');
const startedAtMs = performance.now();
const random = randomBytes(1024 * 1024);
const hash = createHash('sha256');
let bytes = 0;
for (let n = 0; n < Number(mebibytes); n++) {
  const chunk = Buffer.from(random);
  chunk.writeUInt32BE(n);
  hash.update(chunk);
  bytes += chunk.length;
  if (!socket.write(chunk)) await once(socket, 'drain');
}
socket.resume().end();
await once(socket, 'close');
const seconds = (performance.now() - startedAtMs) / 1000;
console.log(JSON.stringify({ bytes, sha256: hash.digest('hex'), seconds }));
