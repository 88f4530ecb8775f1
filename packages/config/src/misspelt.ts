import { isVariable, type Variable, variables } from './settings.ts';

const MOST_EDITS = 2;
/** Of shorter names two edits make another word. */
const LONG_NAME = 10;

/** Names that release notes of the AWS VPC CNI had for settings that shipped with others. */
const ANNOUNCED_AS: ReadonlyMap<string, Variable> = new Map([
  ['DISABLE_CONTAINER_V6', 'DISABLE_POD_V6'],
]);

/**
 * The variable that somebody seems to have meant by `name`: one that differs in case only, or by up to
 * two letters that are missing, added, wrong or in the other order. `undefined` for names that are right, and
 * for those of others.
 */
export function meantBy(name: string): Variable | undefined {
  if (isVariable(name)) return undefined;
  const announced = ANNOUNCED_AS.get(name);
  if (announced !== undefined) return announced;
  const sameButCase = variables.find((known) => known.toLowerCase() === name.toLowerCase());
  if (sameButCase !== undefined) return sameButCase;
  let [nearest, fewest] = [undefined as Variable | undefined, Number.POSITIVE_INFINITY];
  for (const known of variables) {
    const edits = editsBetween(name, known);
    if (edits <= (known.length < LONG_NAME ? 1 : MOST_EDITS) && edits < fewest)
      [nearest, fewest] = [known, edits];
  }
  return nearest;
}

/** Edits that make one text of the other, swaps of neighbours included; more than {@link MOST_EDITS} are not counted out. */
function editsBetween(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MOST_EDITS) return Number.POSITIVE_INFINITY;
  let [beforeLast, last]: [readonly number[], readonly number[]] = [
    [],
    [...other, ''].map((_, at) => at),
  ];
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        at(current, column - 1) + 1,
        at(last, column) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, other.length);
}

const at = (counts: readonly number[], index: number): number =>
  counts[index] ?? Number.POSITIVE_INFINITY;
