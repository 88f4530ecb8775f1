import { CNI_ERROR, CniError, isCniError } from './cni-error.ts';
import { showValue } from './json-object.ts';

const MAX_CAUSES = 16;

/**
 * The CNI error that a caught value is or wraps (by `cause`, at most 16 deep); anything else becomes
 * code 999 with the value's text, the original kept as `cause`.
 */
export function cniErrorOf(caught: unknown): CniError {
  let inner = caught;
  for (let depth = 0; depth < MAX_CAUSES && inner !== undefined; depth += 1) {
    if (isCniError(inner)) return inner;
    inner = inner instanceof Error ? inner.cause : undefined;
  }
  return new CniError(CNI_ERROR.internal, textOf(caught), undefined, { cause: caught });
}

function textOf(caught: unknown): string {
  if (caught instanceof Error) return caught.message;
  return typeof caught === 'string' ? caught : showValue(caught);
}
