/** How the API server is reached, and as whom. */
export interface ApiAccess {
  /** Scheme, host and port. */
  readonly server: string;
  /** Read before each request: tokens are replaced while a process runs. */
  readonly credentials: () => Promise<ApiCredentials>;
}

export interface ApiCredentials {
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM. Default: the authorities that Node trusts. */
  readonly ca?: string | undefined;
  /** PEM, of a client that is known by its certificate. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False trusts whoever answers. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
  readonly servername?: string | undefined;
}
