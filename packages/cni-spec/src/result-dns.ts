import {
  decodeTexts,
  type JsonObject,
  optionalObject,
  optionalText,
  present,
} from './json-object.ts';

/** Name resolution of a result or a configuration. Contents are not validated. */
export interface CniDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** An empty object, `null` and absence are equivalent: all give `undefined`. */
export function decodeDns(object: JsonObject): CniDns | undefined {
  const dns = optionalObject(object, 'dns', 'dns');
  if (dns === undefined) return undefined;
  const decoded = encodeDns({
    nameservers: decodeTexts(dns, 'nameservers', 'dns.nameservers'),
    domain: optionalText(dns, 'domain', 'dns.domain') ?? '',
    search: decodeTexts(dns, 'search', 'dns.search'),
    options: decodeTexts(dns, 'options', 'dns.options'),
  });
  return Object.keys(decoded).length > 0 ? decoded : undefined;
}

/** The members that say something: empty lists and texts are dropped. */
export function encodeDns(dns: CniDns | undefined): CniDns {
  const filled = (list: readonly string[] | undefined) => (list?.length ? list : undefined);
  return present({
    nameservers: filled(dns?.nameservers),
    domain: dns?.domain || undefined,
    search: filled(dns?.search),
    options: filled(dns?.options),
  });
}
