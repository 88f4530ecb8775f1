import { CNI_ERROR, CniError } from './cni-error.ts';
import { showValue } from './json-object.ts';
import { type Result020, VERSIONS_020 } from './result-020.ts';
import { type Result040, VERSIONS_040 } from './result-040.ts';
import { type Result110, VERSIONS_110 } from './result-110.ts';
import { KNOWN_VERSIONS } from './version.ts';

/** A result of any version; its label says which shape it has. */
export type AnyResult = Result020 | Result040 | Result110;

/** Shape of the result that belongs to a version. */
export type ResultOf<V extends string> = V extends Result020['cniVersion'] | ''
  ? Result020
  : V extends Result040['cniVersion']
    ? Result040
    : V extends Result110['cniVersion']
      ? Result110
      : AnyResult;

const isOneOf =
  <V extends string>(versions: readonly V[]) =>
  (text: string): text is V =>
    (versions as readonly string[]).includes(text);

export const isVersion020 = isOneOf(VERSIONS_020);
export const isVersion040 = isOneOf(VERSIONS_040);
export const isVersion110 = isOneOf(VERSIONS_110);

export const isResult020 = (result: AnyResult): result is Result020 =>
  isVersion020(result.cniVersion);
export const isResult040 = (result: AnyResult): result is Result040 =>
  isVersion040(result.cniVersion);

/** The error of a version for which no result codec exists. */
export const unknownVersion = (version: string): CniError =>
  new CniError(
    CNI_ERROR.incompatibleVersion,
    'unknown CNI version',
    `cniVersion is ${showValue(version)}, known are ${KNOWN_VERSIONS.join(', ')}`,
  );
