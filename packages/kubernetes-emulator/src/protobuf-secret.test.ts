import { expect, test } from '@jest/globals';
import { secretFromProtobuf } from './protobuf-secret.ts';

const message = (number: number, ...parts: readonly (string | Buffer)[]) => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = [(content.length % 128) | 128, Math.floor(content.length / 128)];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
};
const entry = (number: number, key: string, value: string) =>
  message(number, message(1, key), message(2, value));
const written = (kind: string, ...object: readonly Buffer[]) =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    message(1, message(1, 'v1'), message(2, kind)),
    message(2, ...object),
  ]);

const generation = Buffer.from([7 << 3, 0xac, 0x02]);
const meta = message(1, message(1, 'release'), message(6, '12'), generation, entry(11, 'a', 'b'));
const long = 'x'.repeat(300);

test('a Secret is read', () => {
  const secret = written(
    'Secret',
    meta,
    entry(2, 'one', long),
    entry(2, 'two', ''),
    message(3, 'T'),
  );
  expect(secretFromProtobuf(secret)).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'release', resourceVersion: '12', labels: { a: 'b' }, annotations: {} },
    data: { one: Buffer.from(long).toString('base64'), two: '' },
    type: 'T',
  });
});

test.each([
  ['another kind', written('ConfigMap', meta)],
  ['JSON', Buffer.from('{"kind":"Secret"}')],
  ['nothing', Buffer.of()],
])('%s is none', (_, body) => {
  expect(secretFromProtobuf(body)).toBeUndefined();
});
