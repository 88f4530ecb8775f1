import type { DescribeVpcs$ } from '@aws-sdk/client-ec2';
import { XmlShapeSerializer } from '@aws-sdk/core/protocols';
import { NormalizedSchema } from '@smithy/core/schema';
import { Ec2Error, invalidValue } from '../cloud/ec2-error.ts';

// The SDK's own schemas, read in the other direction. They are not a documented API of the SDK,
// which is why its version is pinned and every operation has a round trip among the tests.
const INPUT = 4;
const OUTPUT = 5;

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';
const DATE_TIME_FORMAT = 5;
const PARAMETERS_OF_EVERY_ACTION = new Set(['Action', 'Version']);

/** How the SDK describes an action: names, traits, and the schemas of input and output. */
export type OperationSchema = typeof DescribeVpcs$;

/** Form keys such as `Filter.1.Value.2`, split at the dots. */
interface FormNode {
  value?: string;
  readonly children: Map<string, FormNode>;
}

/**
 * Reads the parameters of an EC2 Query request into the shape that the SDK's command takes.
 *
 * @throws {Ec2Error} `UnknownParameter` for a parameter that the action does not have,
 *   `InvalidParameterValue` for one that is no number or boolean where it should be.
 * @see EC2 API reference, "Query requests": list members are numbered, `Key.1`, `Key.2`
 */
export function parseParameters(
  operation: OperationSchema,
  form: URLSearchParams,
): Readonly<Record<string, unknown>> {
  const root: FormNode = { children: new Map() };
  for (const [key, value] of form) {
    if (!PARAMETERS_OF_EVERY_ACTION.has(key)) {
      addToForm(root, key, value);
    }
  }
  return readStruct(NormalizedSchema.of(operation[INPUT]), root, '');
}

/** The XML answer to a call that succeeded. */
export function formatResponse(
  operation: OperationSchema,
  output: Readonly<Record<string, unknown>>,
  requestId: string,
): string {
  const action = operation[2];
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${NAMESPACE}">` +
    `<requestId>${requestId}</requestId>${formatOutput(operation, output)}</${action}Response>`
  );
}

/** The XML answer to a call that failed. */
export function formatError(error: Ec2Error, requestId: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>' +
    `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.reason)}</Message>` +
    `</Error></Errors><RequestID>${requestId}</RequestID></Response>`
  );
}

function formatOutput(
  operation: OperationSchema,
  output: Readonly<Record<string, unknown>>,
): string {
  const schema = NormalizedSchema.of(operation[OUTPUT]);
  if (!schema.isStructSchema()) {
    return '<return>true</return>';
  }
  const serializer = new XmlShapeSerializer({
    timestampFormat: { useTrait: true, default: DATE_TIME_FORMAT },
    httpBindings: false,
    xmlNamespace: NAMESPACE,
    serviceNamespace: 'com.amazonaws.ec2',
  });
  serializer.write(schema, output);
  // The SDK names the root after the shape (`…Result`), EC2 after the action: keep the inside.
  const xml = String(serializer.flush());
  const start = xml.indexOf('>') + 1;
  return xml.slice(start, Math.max(xml.lastIndexOf('</'), start));
}

function addToForm(root: FormNode, key: string, value: string): void {
  let node = root;
  for (const part of key.split('.')) {
    const child = node.children.get(part) ?? { children: new Map() };
    node.children.set(part, child);
    node = child;
  }
  node.value = value;
}

function read(schema: NormalizedSchema, node: FormNode, key: string): unknown {
  if (schema.isListSchema()) {
    return readList(schema, node, key);
  }
  if (schema.isStructSchema()) {
    return readStruct(schema, node, `${key}.`);
  }
  if (node.children.size > 0 || node.value === undefined) {
    throw unknownParameter(`${key}.${[...node.children.keys()][0] ?? ''}`);
  }
  return readSimple(schema, node.value, key);
}

function readList(schema: NormalizedSchema, node: FormNode, key: string): readonly unknown[] {
  return [...node.children]
    .map(([index, child]) => {
      if (!/^\d+$/.test(index)) {
        throw unknownParameter(`${key}.${index}`);
      }
      return { index: Number(index), child };
    })
    .sort((a, b) => a.index - b.index)
    .map(({ index, child }) => read(schema.getValueSchema(), child, `${key}.${index}`));
}

function readStruct(
  schema: NormalizedSchema,
  node: FormNode,
  prefix: string,
): Readonly<Record<string, unknown>> {
  const left = new Map(node.children);
  const output: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const key = queryNameOf(name, member);
    const child = left.get(key);
    if (child !== undefined) {
      left.delete(key);
      output[name] = read(member, child, `${prefix}${key}`);
    }
  }
  const [unknown] = left.keys();
  if (unknown !== undefined) {
    throw unknownParameter(`${prefix}${unknown}`);
  }
  return output;
}

function readSimple(schema: NormalizedSchema, text: string, key: string): unknown {
  if (schema.isBooleanSchema()) {
    if (text !== 'true' && text !== 'false') {
      throw invalidValue(`Value (${text}) for parameter ${key} is invalid. Expecting a boolean.`);
    }
    return text === 'true';
  }
  if (schema.isNumericSchema()) {
    if (text.trim() === '' || !Number.isFinite(Number(text))) {
      throw invalidValue(`Value (${text}) for parameter ${key} is invalid. Expecting a number.`);
    }
    return Number(text);
  }
  return schema.isTimestampSchema() ? new Date(text) : text;
}

function queryNameOf(name: string, member: NormalizedSchema): string {
  const { ec2QueryName, xmlName } = member.getMergedTraits();
  const own = String(ec2QueryName ?? xmlName ?? name);
  return own.charAt(0).toUpperCase() + own.slice(1);
}

const unknownParameter = (key: string) =>
  new Ec2Error('UnknownParameter', `The parameter ${key} is not recognized`);

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
