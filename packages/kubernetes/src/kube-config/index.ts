import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { ApiAccess } from '../api-access.ts';

/**
 * The access that a kubeconfig file describes, by Kubernetes' own client: certificates, tokens, OIDC and
 * programs that fetch credentials.
 *
 * An entry point of its own, because that client costs memory that a daemon in a cluster can spare.
 *
 * @param path of the file. Default: as `kubectl` finds it, `KUBECONFIG` included.
 * @throws {Error} when there is no file, or it names no cluster.
 */
export function kubeConfigAccess(path?: string): ApiAccess {
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${path ?? 'the kubeconfig'} names no current cluster`);
  return {
    server: cluster.server,
    credentials: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { ca, cert, key, rejectUnauthorized, servername } = options;
      const headers = Object.entries(options.headers ?? {}).map(([name, value]) => [
        name,
        String(value),
      ]);
      return {
        headers: Object.fromEntries(headers),
        ca: pem(ca),
        cert: pem(cert),
        key: pem(key),
        rejectUnauthorized,
        servername,
      };
    },
  };
}

const pem = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value);
