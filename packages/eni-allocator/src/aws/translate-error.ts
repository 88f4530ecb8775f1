import { EniAllocatorError } from '../eni-allocator-error.ts';
import { ADVICE, EC2_ERROR_TABLE, type Ec2ErrorMeaning } from './ec2-error-table.ts';

/** What was being done when the error came, in words and figures. */
export interface AwsCall {
  /** EC2's name of the operation, as in `ec2:AttachNetworkInterface`. */
  readonly action: string;
  /** Present participle: "attaching eni-1 to i-1". */
  readonly doing: string;
  readonly facts: Readonly<Record<string, string | number>>;
  /** What to do when there is no answer, for calls that are not simply repeated. */
  readonly ifUnanswered?: string;
}

/** Node's `code` of a connection that failed, was cut or was not trusted. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ETIMEDOUT',
  'HPE_INVALID_CONSTANT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** A kilobyte that only `aws sts decode-authorization-message` can read; the cause still has it. */
const ENCODED_PART = / ?Encoded authorization failure message: \S+/;

/** As in "User: … is not authorized to perform: ec2:CreateTags on resource: …". */
const DENIED_ACTION = /is not authorized to perform: ec2:(\w+)/;

/** What an error of the AWS SDK or of the network means to us, with all it says kept as facts. */
export function translateError(error: unknown, call: AwsCall): EniAllocatorError {
  const { code, advice: usualAdvice } = meaningOf(error);
  const advice = (code === 'unreachable' ? call.ifUnanswered : undefined) ?? usualAdvice;
  const awsCode = awsCodeOf(error);
  const { httpStatusCode, requestId } = metadataOf(error);
  const said = messageOf(error).replace(ENCODED_PART, '').replace(/\.$/, '');
  const what = awsCode === undefined || awsCode === 'Error' ? said : `${awsCode}: ${said}`;
  // Creating an ENI with tags takes two permissions; EC2 says which of them is missing.
  const action = DENIED_ACTION.exec(said)?.[1] ?? call.action;
  return new EniAllocatorError(
    code,
    `${call.doing} (ec2:${call.action}): ${what}; ${advice.replace('<action>', action)}`,
    {
      cause: error,
      facts: {
        ...call.facts,
        action,
        ...(awsCode === undefined ? {} : { awsCode }),
        ...(httpStatusCode === undefined ? {} : { httpStatus: httpStatusCode }),
        ...(requestId === undefined ? {} : { requestId }),
      },
    },
  );
}

/** EC2's word for the failure. Old API versions put `Client.` or `Server.` in front. */
export function awsCodeOf(error: unknown): string | undefined {
  const { name } = fieldsOf(error);
  return typeof name === 'string' ? name.replace(/^(Client|Server)\./, '') : undefined;
}

/** EC2's sentence about the failure. */
export const messageOf = (error: unknown): string => {
  const { message } = fieldsOf(error);
  // A refused connection to a name with several addresses has no sentence of its own.
  return typeof message === 'string' && message !== ''
    ? message
    : (networkCodeOf(error) ?? String(error));
};

/** EC2's words for a subnet with fewer free addresses than a prefix has; its code says nothing. */
const LACKS_A_PREFIX = /sufficient free Ipv4 addresses or prefixes/i;

function meaningOf(error: unknown): Ec2ErrorMeaning {
  const awsCode = awsCodeOf(error) ?? '';
  if (awsCode === 'InvalidParameterValue' && LACKS_A_PREFIX.test(messageOf(error))) {
    return { code: 'no-free-prefix', advice: ADVICE['no-free-prefix'] };
  }
  const listed = Object.hasOwn(EC2_ERROR_TABLE, awsCode) ? EC2_ERROR_TABLE[awsCode] : undefined;
  if (listed !== undefined) {
    return listed;
  }
  const code = codeByStatus(error);
  return { code, advice: ADVICE[code] };
}

function codeByStatus(error: unknown): 'throttled' | 'unreachable' | 'unexpected' {
  const status = metadataOf(error).httpStatusCode ?? 0;
  if (status === 429) {
    return 'throttled';
  }
  return status >= 500 || networkCodeOf(error) !== undefined ? 'unreachable' : 'unexpected';
}

function networkCodeOf(error: unknown): string | undefined {
  const { code } = fieldsOf(error);
  return typeof code === 'string' && NETWORK_CODES.has(code) ? code : undefined;
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
}

const metadataOf = (error: unknown): Metadata => fieldsOf(error).$metadata ?? {};

/** What an error may carry; read without `instanceof`, which fails between copies and realms. */
interface ErrorFields {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly $metadata?: Metadata;
}

const fieldsOf = (error: unknown): ErrorFields =>
  typeof error === 'object' && error !== null ? error : {};
