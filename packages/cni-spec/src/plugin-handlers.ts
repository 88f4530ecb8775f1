import type { CancelSignal } from './cancel-signal.ts';
import type { PluginConf } from './plugin-conf.ts';
import type { CniResult } from './result-110.ts';

/** What every verb gets. */
export interface VerbRequest {
  readonly conf: PluginConf;
  /** stdin as received: a delegated plugin must get exactly these bytes. */
  readonly stdin: string;
  /** `CNI_PATH`: where delegated plugins are. */
  readonly path: string;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: CancelSignal;
}

/** ADD, DEL and CHECK: one CNI attachment. Id and interface name are validated. */
export interface AttachmentRequest extends VerbRequest {
  readonly containerId: string;
  /** Path of the network namespace. On DEL it may be empty, or a path that has vanished. */
  readonly netns: string;
  readonly ifName: string;
  /** `CNI_ARGS` as it is; read it with `parseArgs`. */
  readonly args: string;
}

/** An attachment that the runtime still has, spelled as the protocol does. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** GC: everything of this network that is not listed may go. */
export interface GcRequest extends VerbRequest {
  /** `undefined` when the runtime sent no list: then do nothing destructive. Empty: nothing is valid. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
}

/** STATUS: is the plugin ready for an ADD? */
export type StatusRequest = VerbRequest;

/**
 * The verbs of a plugin. A verb without handler succeeds without output.
 *
 * Throw a `CniError` to choose the code; anything else becomes code 999.
 */
export interface PluginHandlers {
  /** The result is printed in the configuration's version. */
  add(request: AttachmentRequest): Promise<CniResult>;
  /** Must succeed for an unknown attachment, without namespace, and any number of times. */
  del(request: AttachmentRequest): Promise<void>;
  check?(request: AttachmentRequest): Promise<void>;
  gc?(request: GcRequest): Promise<void>;
  /** Throws 50 or 51 when not ready. */
  status?(request: StatusRequest): Promise<void>;
}
