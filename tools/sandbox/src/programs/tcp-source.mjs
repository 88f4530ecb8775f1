// tcp-source.mjs HOST PORT MEBIBYTES: sends random bytes; prints their number, SHA-256 and the seconds it took.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

const [host, port, mebibytes] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), timeout: 30_000 });
socket.on('timeout', () => socket.destroy(new Error('nothing moves for 30 s')));
await once(socket, 'connect');
const startedAtMs = performance.now();
const hash = createHash('sha256');
let bytes = 0;
for (let n = 0; n < Number(mebibytes); n++) {
  const chunk = randomBytes(1024 * 1024);
  hash.update(chunk);
  bytes += chunk.length;
  if (!socket.write(chunk)) await once(socket, 'drain');
}
socket.resume().end();
await once(socket, 'close');
const seconds = (performance.now() - startedAtMs) / 1000;
console.log(JSON.stringify({ bytes, sha256: hash.digest('hex'), seconds }));
