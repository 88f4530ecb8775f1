import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a certificate that vouches for itself, PEM. */
export interface SelfSigned {
  readonly key: string;
  /** Also what a client has to trust. */
  readonly cert: string;
}

/**
 * Makes a certificate for an IP address, valid from a day ago for ten years.
 *
 * @see RFC 5280, section 4.1 "Basic Certificate Fields"
 */
export function selfSigned(address: string, nowMs: number): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, text(address)))));
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))), // version 3
    der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    der(SEQUENCE, time(nowMs - DAY_MS), time(nowMs + 3_650 * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, isAuthority(), alternativeName(address))),
  );
  const signature = sign('sha256', body, privateKey);
  const bits = Buffer.concat([Buffer.from([0]), signature]);
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, bits));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(certificate),
  };
}

const DAY_MS = 86_400_000;
const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING] = [0x01, 0x02, 0x03, 0x04];
const [UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET] = [0x0c, 0x18, 0x30, 0x31];
// Object identifiers, tag and length included.
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const SUBJECT_ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex');

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  const size = length < 0x80 ? [length] : bytes;
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const text = (value: string) => Buffer.from(value);

const time = (ms: number) =>
  der(GENERALIZED_TIME, text(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`));

const isAuthority = () =>
  der(
    SEQUENCE,
    BASIC_CONSTRAINTS,
    der(OCTET_STRING, der(SEQUENCE, der(BOOLEAN, Buffer.from([0xff])))),
  );

const alternativeName = (address: string) =>
  der(
    SEQUENCE,
    SUBJECT_ALTERNATIVE_NAME,
    der(OCTET_STRING, der(SEQUENCE, der(0x87, Buffer.from(address.split('.').map(Number))))),
  );

const pem = (bytes: Buffer) =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
