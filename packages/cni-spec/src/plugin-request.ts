import type { NetworkConfList } from './conf-list.ts';
import type { JsonObject } from './json-object.ts';
import type { PluginConf } from './plugin-conf.ts';
import type { ValidAttachment } from './plugin-handlers.ts';
import { encodeResult } from './result-codec.ts';
import type { AnyResult } from './result-family.ts';

/** What a runtime adds to a plugin's configuration for one request. */
export interface RequestAdditions {
  /** ADD: what the plugin before gave; CHECK and DEL: what the ADD ended with. */
  readonly prevResult?: AnyResult;
  /** Values of capabilities; the plugin gets those it asks for. */
  readonly capabilityArgs?: JsonObject;
  /** GC: the attachments that stay. */
  readonly validAttachments?: readonly ValidAttachment[];
}

/**
 * What one plugin of a list gets on stdin: its own configuration with the list's name and version, and
 * the additions. `capabilities` is left out, as the specification wants; the reference runtime leaves it in.
 *
 * @see CNI specification 1.1.0, section 3, "Deriving request configuration from plugin configuration"
 */
export function derivePluginRequest(
  list: NetworkConfList,
  plugin: PluginConf,
  { prevResult, capabilityArgs = {}, validAttachments }: RequestAdditions = {},
): string {
  const { capabilities: _, ...own } = plugin.raw;
  const runtimeConfig = intersection(plugin.capabilities, capabilityArgs);
  return JSON.stringify({
    ...own,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(Object.keys(runtimeConfig).length === 0 ? {} : { runtimeConfig }),
    ...(prevResult === undefined ? {} : { prevResult: JSON.parse(encodeResult(prevResult)) }),
    ...(validAttachments === undefined
      ? {}
      : {
          'cni.dev/valid-attachments': validAttachments,
          'cni.dev/attachments': validAttachments, // its name in the first text of 1.1.0
        }),
  });
}

/** The values of what the plugin wants, where the runtime has one. */
const intersection = (wanted: PluginConf['capabilities'], offered: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(offered).filter(([name]) => Object.hasOwn(wanted, name) && wanted[name]),
  );
