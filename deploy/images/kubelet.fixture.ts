import type { ContainerSpec, SandboxName } from '@vpc-cni/testing';
import type { Container, DaemonSetSpec } from '../charts/render.fixture.ts';

/** Where the paths of a host are on this machine, and what a container's environment has besides. */
export interface HostLayout {
  readonly paths: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly logDirectory: string;
  readonly pod: SandboxName;
}

interface SecurityContext {
  readonly privileged?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
}

/** A container of a pod as a kubelet asks the runtime for it, so that what is tested is what the chart says. */
export function asKubelet(
  { volumes }: DaemonSetSpec['template']['spec'],
  container: Container,
  { paths, env, ...rest }: HostLayout,
): ContainerSpec {
  const hostPathOf = (volume: string) => {
    const found = volumes.find(({ name }) => name === volume)?.hostPath as
      | { path: string }
      | undefined;
    if (found === undefined) throw new Error(`volume ${volume} is no path of the host`);
    return paths[found.path] ?? found.path;
  };
  const { privileged = false, capabilities = {} } = container.securityContext as SecurityContext;
  const literal = container.env.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value]],
  );
  return {
    name: container.name,
    image: container.image,
    env: { ...Object.fromEntries(literal), ...env },
    mounts: container.volumeMounts.map((mount) => ({
      hostPath: hostPathOf(mount.name),
      containerPath: mount.mountPath,
      readOnly: mount.readOnly === true,
      follows: mount.mountPropagation === 'HostToContainer',
    })),
    capabilities,
    privileged,
    ...rest,
  };
}
