import { KubernetesError, type KubernetesErrorCode } from './kubernetes-error.ts';
import { ruleNameOf, type Subject, subjectText } from './resources.ts';

/** What is done, in the words of roles. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch';

/** A call, for those who hear of its failure. */
export interface CallNames {
  readonly verb: Verb;
  readonly subject: Subject;
}

/**
 * What a status means.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/ and k8s.io/apimachinery/pkg/api/errors
 */
const CODES: Readonly<Record<number, KubernetesErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  410: 'gone',
  429: 'throttled',
};

/** The error for an answer that is none of success; also for the ERROR event of a watch. */
export function refusal(call: CallNames, status: number, text: string): KubernetesError {
  const code = CODES[status] ?? (status >= 500 ? 'unavailable' : 'refused');
  const { message, reason } = statusIn(text);
  const said = `HTTP ${status}${message === '' ? '' : `, ${message}`}`;
  return errorFor(code, call, `${said}${remedyFor(code, call)}`, {
    status,
    ...(reason === '' ? {} : { reason }),
  });
}

/** The error for a call without an answer. */
export function noAnswer(call: CallNames, cause: unknown): KubernetesError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  const said = [code, message].filter((part) => part !== undefined && part !== '').join(', ');
  const remedy =
    'see that the API server and, at its service address, kube-proxy are there, or set CLUSTER_ENDPOINT';
  return errorFor(
    'unreachable',
    call,
    `no answer (${said || String(cause)}); ${remedy}`,
    {},
    cause,
  );
}

export const overdue = (call: CallNames, timeoutMs: number): KubernetesError =>
  errorFor('overdue', call, `no complete answer within ${timeoutMs} ms`, { timeoutMs });

export const malformed = (call: CallNames, what: string, cause?: unknown): KubernetesError =>
  errorFor('malformed', call, what, {}, cause);

function remedyFor(code: KubernetesErrorCode, { verb, subject }: CallNames): string {
  switch (code) {
    case 'forbidden':
      return `; allow it in the ClusterRole: apiGroups ["${subject.resource.group}"], resources ["${ruleNameOf(subject)}"], verbs ["${verb}"]`;
    case 'unauthorized':
      return '; see that the token of the service account is mounted and not expired';
    default:
      return '';
  }
}

function errorFor(
  code: KubernetesErrorCode,
  { verb, subject }: CallNames,
  said: string,
  more: Readonly<Record<string, string | number>>,
  cause?: unknown,
): KubernetesError {
  const { namespace, name } = subject;
  const object = [namespace, name].filter((part) => part !== undefined).join('/');
  return new KubernetesError(code, `${verb} ${subjectText(subject)}: ${said}`, {
    ...(cause === undefined ? {} : { cause }),
    facts: {
      verb,
      resource: ruleNameOf(subject),
      group: subject.resource.group,
      ...(object === '' ? {} : { object }),
      ...more,
    },
  });
}

/** The message and reason of a `Status`, if the answer is one. */
function statusIn(text: string): { readonly message: string; readonly reason: string } {
  try {
    const { message = '', reason = '' } = JSON.parse(text);
    return { message: String(message), reason: String(reason) };
  } catch {
    return { message: text.slice(0, 200), reason: '' };
  }
}
