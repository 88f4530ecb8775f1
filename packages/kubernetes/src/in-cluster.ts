import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiAccess, ApiCredentials } from './api-access.ts';
import { type Clock, systemClock } from './clock.ts';

export interface InClusterOptions {
  /** `KUBERNETES_SERVICE_HOST`, `KUBERNETES_SERVICE_PORT`, and `CLUSTER_ENDPOINT`, which beats them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the service account's `token` and `ca.crt` are. Default: where kubelet puts them. */
  readonly directory?: string;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Kubelet replaces a token when a fifth of its life is left, twelve minutes at least. */
const MAX_AGE_MS = 60_000;

/**
 * The access of a pod's service account; `undefined` outside of a pod.
 *
 * `CLUSTER_ENDPOINT` takes the place of the service address, so that kube-proxy is not needed. It may be
 * a URL or a host, with or without a port.
 */
export function inClusterAccess(options: InClusterOptions): ApiAccess | undefined {
  const { environment, directory = DIRECTORY, clock = systemClock } = options;
  const server = serverIn(environment);
  if (server === undefined) return undefined;
  let latest: { readonly credentials: ApiCredentials; readonly readAtMs: number } | undefined;
  return {
    server,
    credentials: async () => {
      const readAtMs = clock.nowMs();
      if (latest === undefined || readAtMs - latest.readAtMs >= MAX_AGE_MS) {
        const [token, ca] = await Promise.all([
          readFile(join(directory, 'token'), 'utf8'),
          readFile(join(directory, 'ca.crt'), 'utf8'),
        ]);
        const headers = { authorization: `Bearer ${token.trim()}` };
        latest = { credentials: { headers, ca }, readAtMs };
      }
      return latest.credentials;
    },
  };
}

function serverIn(environment: InClusterOptions['environment']): string | undefined {
  const endpoint = environment['CLUSTER_ENDPOINT'];
  if (endpoint) {
    const url = new URL(/^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`);
    return url.origin;
  }
  const host = environment['KUBERNETES_SERVICE_HOST'];
  if (!host) return undefined;
  const port = environment['KUBERNETES_SERVICE_PORT'] || '443';
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
