import type { CniProcessRequest } from '../handle-request.ts';

/** Header field of the launcher's request, in lower case, and the variable of the CNI protocol that it carries. */
const FIELDS = [
  ['cni-command', 'CNI_COMMAND'],
  ['cni-containerid', 'CNI_CONTAINERID'],
  ['cni-netns', 'CNI_NETNS'],
  ['cni-ifname', 'CNI_IFNAME'],
  ['cni-args', 'CNI_ARGS'],
  ['cni-path', 'CNI_PATH'],
] as const;

/** First line of the launcher's request, but for its end. */
export const REQUEST_LINE = 'POST /v1/cni HTTP/1.1';

/**
 * The environment that a launcher's header carries. A field that is absent is a variable that is unset
 * or empty; CNI does not tell the two apart.
 *
 * @param header fields by name in lower case, values as latin1: one character per byte.
 */
export function environmentOf(
  header: Readonly<Record<string, string | readonly string[] | undefined>>,
): CniProcessRequest['environment'] {
  const environment: Record<string, string> = {};
  for (const [field, variable] of FIELDS) {
    const value = header[field];
    if (typeof value === 'string') environment[variable] = Buffer.from(value, 'latin1').toString();
  }
  return environment;
}

/**
 * Reads the bytes of a launcher's request, for requests that were kept in a file while nobody served.
 *
 * @throws {TypeError} when they are not one, or were cut off.
 * @see docs/launcher-protocol.md
 */
export function parseLauncherRequest(bytes: Uint8Array): CniProcessRequest {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = buffer.indexOf('\r\n\r\n');
  if (headEnd < 0) throw malformed('its header never ends');
  const [requestLine = '', ...lines] = buffer.toString('latin1', 0, headEnd).split('\r\n');
  if (requestLine !== REQUEST_LINE) {
    throw malformed(`it begins with ${JSON.stringify(requestLine.slice(0, 120))}`);
  }
  const fields = lines.map((line) => {
    const [name = '', ...value] = line.split(':');
    return [name.toLowerCase(), value.join(':').trim()] as const;
  });
  const header = Object.fromEntries(fields);
  const body = buffer.subarray(headEnd + 4);
  const length = header['content-length'];
  if (length !== String(body.length)) {
    throw malformed(`its body has ${body.length} bytes, Content-Length is ${length ?? 'missing'}`);
  }
  return { environment: environmentOf(header), stdin: body.toString() };
}

const malformed = (reason: string) => new TypeError(`not a request of a launcher: ${reason}`);
