// Prints one line per datagram: where it came from.
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (_, { address }) => console.log(address));
socket.bind(8081, '0.0.0.0', () => console.log('listening'));
