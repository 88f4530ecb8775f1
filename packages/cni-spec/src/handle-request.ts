import { answerRequest, type CniProcessResponse, type PluginOptions } from './answer-request.ts';
import type { PluginHandlers } from './plugin-handlers.ts';
import type { Environment } from './request-variables.ts';

/** What a runtime gives to the process of a plugin. */
export interface CniProcessRequest {
  readonly environment: Environment;
  readonly stdin: string;
}

/**
 * Answers one request as the process of a plugin would, without being one: environment and stdin in,
 * stdout, stderr and exit status out. Never rejects because of the request.
 *
 * @throws {TypeError} when `supportedVersions` is empty.
 * @see CNI specification 1.1.0, section 2, "Execution Protocol"
 */
export const handleRequest = (
  { environment, stdin }: CniProcessRequest,
  handlers: PluginHandlers,
  options: PluginOptions,
): Promise<CniProcessResponse> =>
  answerRequest({ environment, readStdin: async () => stdin }, handlers, options);
