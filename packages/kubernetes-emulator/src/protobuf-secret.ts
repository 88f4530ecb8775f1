import type { JsonObject } from './json.ts';

// Go's typed clients write objects of built-in types as protobuf, Helm its releases among them. They read JSON.

const MAGIC = Buffer.from('k8s\0');

/**
 * A Secret in Kubernetes' protobuf, as JSON; `undefined` for any other object.
 *
 * @see `Unknown` in k8s.io/apimachinery/pkg/runtime/generated.proto, `Secret` in k8s.io/api/core/v1/generated.proto,
 * `ObjectMeta` in k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto
 */
export function secretFromProtobuf(body: Uint8Array): JsonObject | undefined {
  if (!MAGIC.equals(body.subarray(0, MAGIC.length))) return undefined;
  const unknown = fieldsOf(body.subarray(MAGIC.length));
  const [apiVersion, kind] = [1, 2].map((number) => textOf(fieldsOf(bytesOf(unknown, 1)), number));
  if (apiVersion !== 'v1' || kind !== 'Secret') return undefined;
  const secret = fieldsOf(bytesOf(unknown, 2));
  const meta = fieldsOf(bytesOf(secret, 1));
  const texts = { name: 1, namespace: 3, uid: 5, resourceVersion: 6 };
  const present = Object.entries(texts)
    .map(([name, number]) => [name, textOf(meta, number)])
    .filter(([, text]) => text !== '');
  const text = (value: Buffer) => value.toString('utf8');
  return {
    apiVersion,
    kind,
    metadata: {
      ...Object.fromEntries(present),
      labels: mapOf(meta, 11, text),
      annotations: mapOf(meta, 12, text),
    },
    data: mapOf(secret, 2, (value) => value.toString('base64')),
    type: textOf(secret, 3),
  };
}

type Fields = ReadonlyMap<number, readonly Buffer[]>;

const bytesOf = (fields: Fields, number: number) => fields.get(number)?.at(-1) ?? Buffer.of();
const textOf = (fields: Fields, number: number) => bytesOf(fields, number).toString('utf8');

const mapOf = (fields: Fields, number: number, read: (value: Buffer) => string): JsonObject =>
  Object.fromEntries(
    (fields.get(number) ?? []).map((bytes) => {
      const entry = fieldsOf(bytes);
      return [textOf(entry, 1), read(bytesOf(entry, 2))];
    }),
  );

const [VARINT, LENGTH_DELIMITED] = [0, 2];

/** The length-delimited fields of a message; its numbers are passed over. */
function fieldsOf(message: Uint8Array): Fields {
  const bytes = Buffer.from(message);
  const fields = new Map<number, readonly Buffer[]>();
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; offset < bytes.length; factor *= 128) {
      const byte = bytes.readUInt8(offset++);
      value += (byte % 128) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (offset < bytes.length) {
    const tag = varint();
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    const length = varint();
    if (wireType === VARINT) continue;
    // Nothing of these messages comes in another form.
    if (wireType !== LENGTH_DELIMITED) return fields;
    fields.set(number, [...(fields.get(number) ?? []), bytes.subarray(offset, offset + length)]);
    offset += length;
  }
  return fields;
}
