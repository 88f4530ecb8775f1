// tcp-sink.mjs PORT: takes what one connection brings; prints a line once it listens, then bytes and SHA-256.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

const server = createServer(async (socket) => {
  server.close();
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of socket) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  socket.end();
  console.log(JSON.stringify({ bytes, sha256: hash.digest('hex') }));
});
server.listen(Number(process.argv[2]), '0.0.0.0', () => console.log('listening'));
