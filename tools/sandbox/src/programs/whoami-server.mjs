// whoami-server.mjs PORT: answers every HTTP request with the address it came from; prints a line once it listens.
import { createServer } from 'node:http';

createServer((request, response) => {
  response.end(request.socket.remoteAddress.replace(/^::ffff:/, ''));
}).listen(Number(process.argv[2]), () => console.log('listening')); // of both families
