import type { EC2ClientConfig } from '@aws-sdk/client-ec2';

/**
 * Carries the SDK's HTTP requests some other way than over sockets: what the SDK calls an
 * `HttpHandler`, and takes as `requestHandler` itself.
 */
export type AwsHttpHandler = Extract<
  NonNullable<EC2ClientConfig['requestHandler']>,
  { readonly handle: unknown }
>;

/** Keys to sign with; the session token belongs to temporary ones. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsEc2Options {
  /** For example `eu-central-1`. */
  readonly region: string;
  /** Base URL of the EC2 API. Default: the region's public endpoint. */
  readonly endpoint?: string | undefined;
  /** Default: the SDK's chain (environment, files, web identity, container, instance role). */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined;
  /** Limit for connecting, for the answer's start and for silence within it, each. Default: 10 000. */
  readonly timeoutMs?: number | undefined;
  /** Named in the user agent of every request, for example `amazon-vpc-cni-k8s` with its version. */
  readonly product?: { readonly name: string; readonly version: string } | undefined;
  /**
   * Replaces the SDK's HTTP handler, and `timeoutMs` with it, for tests without sockets and on a clock of
   * their own: the SDK itself waits for nothing then. Default: HTTP over sockets.
   */
  readonly requestHandler?: AwsHttpHandler | undefined;
}
