// What users can name, by the names they use. The types are checked by `npm run typecheck`: a wrong one
// does not compile.
import { expect, test } from '@jest/globals';
import type {
  AnyResult,
  AttachmentRequest,
  CapabilityValues,
  CniArgs,
  CniResult,
  CniVersion,
  GcRequest,
  PluginHandlers,
  PortMapping,
  Result020,
  Result040,
  Result110,
  ValidAttachment,
} from '@vpc-cni/cni-spec';
import * as codec from '@vpc-cni/cni-spec';
import * as conflist from '@vpc-cni/cni-spec/conflist';
import * as launcher from '@vpc-cni/cni-spec/launcher';
import * as plugin from '@vpc-cni/cni-spec/plugin';
import * as runtime from '@vpc-cni/cni-spec/runtime';

test.each([
  {
    entry: '@vpc-cni/cni-spec',
    module: codec,
    names: [
      ...['CNI_ERROR', 'CURRENT_VERSION', 'CniError', 'KNOWN_VERSIONS', 'capabilityOf'],
      ...['cniErrorOf', 'compareVersions', 'confListFromConf', 'convertResult', 'decodeCniError'],
      ...['decodeResult', 'decodeVersionInfo', 'derivePluginRequest', 'encodeCniError'],
      ...['encodeResult', 'findConfListProblems', 'formatArgs', 'handleRequest', 'isCniError'],
      ...['isKnownVersion', 'parseArgs', 'parseConfList', 'parsePluginConf', 'parsePrevResult'],
      ...['parseVersion', 'removePlugin', 'setPlugin', 'validateContainerID'],
      ...['validateInterfaceName', 'validateNetworkName', 'versionsStartingFrom'],
    ],
  },
  {
    entry: '@vpc-cni/cni-spec/conflist',
    module: conflist,
    names: ['loadConfDirectory', 'loadConfFile', 'loadConfList', 'updateConfList', 'writeConfList'],
  },
  {
    entry: '@vpc-cni/cni-spec/launcher',
    module: launcher,
    names: ['createLauncherServer', 'parseLauncherRequest', 'serveLauncher'],
  },
  { entry: '@vpc-cni/cni-spec/plugin', module: plugin, names: ['isOwnNetns', 'runPlugin'] },
  {
    entry: '@vpc-cni/cni-spec/runtime',
    module: runtime,
    names: [
      ...['createCniRuntime', 'createPluginExecutor', 'delegate', 'execPlugin'],
      ...['execPluginWithResult', 'findPlugin', 'getVersionInfo'],
    ],
  },
])('$entry exports what the README lists', ({ module, names }) => {
  expect(Object.keys(module).sort()).toEqual(names.sort());
});

// Fails to compile unless the two types are the same.
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isSame = <_ extends true>(): void => undefined;

// Never called: these are for the compiler.
export function conversionsAreTypedByTheirTarget(result: CniResult, target: string): void {
  const to = <const V extends string>(version: V) => codec.convertResult(result, version);
  isSame<Same<ReturnType<typeof to<'0.2.0'>>, Result020>>();
  isSame<Same<ReturnType<typeof to<''>>, Result020>>();
  isSame<Same<ReturnType<typeof to<'0.3.1'>>, Result040>>();
  isSame<Same<ReturnType<typeof to<typeof codec.CURRENT_VERSION>>, Result110>>();
  const toAny = codec.convertResult(result, target);
  isSame<Same<typeof toAny, AnyResult>>();
  isSame<Same<AnyResult['cniVersion'], CniVersion>>();
}

export function resultsAreToldApartByTheirLabel(result: AnyResult): void {
  if (result.cniVersion === '0.2.0') isSame<Same<typeof result, Result020>>();
  if (result.cniVersion === '0.4.0') isSame<Same<typeof result, Result040>>();
  if (result.cniVersion === '1.1.0') isSame<Same<typeof result, Result110>>();
  // @ts-expect-error: addresses of 1.x have no version
  if (result.cniVersion === '1.0.0') result.ips[0]?.version;
  // @ts-expect-error: results are not to be changed in place
  result.cniVersion = '1.0.0';
}

export function argumentsAreTypedByTheirSchema(text: string): void {
  const schema = { K8S_POD_NAME: 'string', DEBUG: 'bool', IP: 'ip' } as const;
  const args = codec.parseArgs(text, schema);
  isSame<Same<typeof args, CniArgs<typeof schema>>>();
  isSame<Same<typeof args.DEBUG, boolean | undefined>>();
  isSame<Same<typeof args.IP, string | undefined>>();
  // @ts-expect-error: not in the schema
  args.MAC;
  // @ts-expect-error: no such kind
  codec.parseArgs(text, { PORT: 'number' });
}

export function capabilitiesAreTypedByTheirName(runtimeConfig: codec.JsonObject): void {
  const mappings = codec.capabilityOf(runtimeConfig, 'portMappings');
  isSame<Same<typeof mappings, readonly PortMapping[] | undefined>>();
  isSame<Same<CapabilityValues['mac'], string>>();
  // @ts-expect-error: not a well-known capability
  codec.capabilityOf(runtimeConfig, 'ports');
}

export function handlersGetWhatTheirVerbHas(request: AttachmentRequest, gc: GcRequest): void {
  isSame<Same<typeof request.signal, AbortSignal>>();
  isSame<Same<typeof gc.validAttachments, readonly ValidAttachment[] | undefined>>();
  // @ts-expect-error: GC is about no attachment
  gc.containerId;
  const add = async (): Promise<CniResult> => ({ interfaces: [], ips: [], routes: [] });
  const enough: PluginHandlers = { add, del: async () => {} };
  // @ts-expect-error: DEL is not optional
  const tooFew: PluginHandlers = { add };
  // @ts-expect-error: a result has all three lists
  const partial: CniResult = { ips: [] };
  void [enough, tooFew, partial];
}

export async function delegationIsTypedByItsVerb(stdin: string): Promise<void> {
  const result = await runtime.delegate('ADD', 'host-local', stdin);
  isSame<Same<typeof result, AnyResult>>();
  const nothing = await runtime.delegate('DEL', 'host-local', stdin);
  isSame<Same<typeof nothing, undefined>>();
  // @ts-expect-error: a plugin does not delegate VERSION
  await runtime.delegate('VERSION', 'host-local', stdin);
}
