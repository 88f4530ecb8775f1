// dns-server.mjs ADDRESS: answers every question on UDP port 53 with one A record, the address of who asks.
import { createSocket } from 'node:dgram';

const HEADER_BYTES = 12;
const socket = createSocket('udp4');
socket.on('message', (query, { address, port }) => {
  const question = query.subarray(HEADER_BYTES, query.indexOf(0, HEADER_BYTES) + 5);
  const header = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  // The name as in the question, type A, class IN, 60 s, four bytes.
  const answer = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
  const record = Buffer.from(address.split('.').map(Number));
  socket.send(Buffer.concat([header, question, answer, record]), port, address);
});
socket.bind(53, process.argv[2], () => console.log('listening'));
