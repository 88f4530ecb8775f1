import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createIntrospectionServer } from './introspection.ts';
import { closed } from './listen.ts';

const server = createIntrospectionServer(() => ({ '/v1/enis': () => ({ eni: 1 }) }));

afterEach(() => closed(server));

test('shows a view to who gets it, the list of views elsewhere, and changes nothing', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method });
  expect(await (await ask('/v1/enis')).json()).toEqual({ eni: 1 });
  expect(await (await ask('/')).json()).toEqual({ AvailableCommands: ['/v1/enis'] });
  expect((await ask('/v1/enis', 'DELETE')).status).toBe(405);
});
