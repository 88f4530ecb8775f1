// dns-ask.mjs SERVER NAME: prints the address that the server gives for the name.
import { Resolver } from 'node:dns/promises';

const [server, name] = process.argv.slice(2);
const resolver = new Resolver({ timeout: 2_000, tries: 2 });
resolver.setServers([server]);
const [address] = await resolver.resolve4(name);
console.log(address);
