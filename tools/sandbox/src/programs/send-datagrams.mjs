// send-datagrams.mjs SOURCE DESTINATION: three datagrams from that source address, whether it is ours or not.
import { createSocket } from 'node:dgram';

const [source, destination] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.bind(0, source, async () => {
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => socket.send('hello', 8081, destination, resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.close();
});
