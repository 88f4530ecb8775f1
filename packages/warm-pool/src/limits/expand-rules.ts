/** Families whose figures change at the same sizes; the notation is that of the table's file. */
export interface InstanceTypeClass {
  /** What the families have in common, for readers. */
  readonly class: string;
  readonly figures: string;
  readonly rules: string;
}

/** What the rules say of one instance type. */
export interface TypeFigures {
  readonly cardCount: number;
  /** Of each card. */
  readonly maxEnis: number;
  readonly addressesPerEni: number;
  readonly maxBranchEnis: number | undefined;
}

/** The table written out: the figures of each instance type, as `c6in.32xlarge`. */
export function expandRules(classes: readonly InstanceTypeClass[]): Map<string, TypeFigures> {
  const table = new Map<string, TypeFigures>();
  for (const { figures, rules } of classes) {
    const scale = parseScale(figures);
    for (const rule of rules.trim().split('\n')) {
      const [families = '', sizes = ''] = rule.split(':');
      const figuresBySize = [...expandSizes(words(sizes), scale)];
      for (const family of words(families)) {
        for (const [size, sizeFigures] of figuresBySize) {
          table.set(`${family}.${size.replace(/^(\d*)xl$/, '$1xlarge')}`, sizeFigures);
        }
      }
    }
  }
  return table;
}

/** Figures that hold from a step of the ladder upward. */
type Scale = readonly { readonly fromStep: number; readonly figures: TypeFigures }[];

/** `large 3x10+9 xl 4x15+18`: sizes and figures in turn, smallest first. */
function parseScale(text: string): Scale {
  const parts = words(text);
  return parts.flatMap((size, index) => {
    const figures = parts[index + 1];
    return index % 2 === 0 && figures !== undefined
      ? [{ fromStep: stepOf(size), figures: overridden(NOTHING, figures) }]
      : [];
  });
}

function expandSizes(entries: readonly string[], scale: Scale): Map<string, TypeFigures> {
  const bySize = new Map<string, TypeFigures>();
  let largest: string | undefined;
  for (const entry of entries) {
    const [range = '', override = ''] = entry.split('=');
    for (const size of sizesOf(range)) {
      const namedAfter = size === 'metal' ? largest : size.replace('metal-', '');
      const base = bySize.get(namedAfter ?? '') ?? figuresAt(stepOf(size), scale);
      bySize.set(size, overridden(base, override));
      largest = size.startsWith('metal') ? largest : size;
    }
  }
  return bySize;
}

const figuresAt = (step: number, scale: Scale): TypeFigures =>
  scale.findLast(({ fromStep }) => fromStep <= step)?.figures ?? NOTHING;

const NOTHING: TypeFigures = {
  cardCount: 1,
  maxEnis: 0,
  addressesPerEni: 0,
  maxBranchEnis: undefined,
};

/** `2*8x50+106`, of which every part may be missing: then it stays as it was. */
const FIGURES = /^(?:(\d+)\*)?(?:(\d+)x(\d+))?(?:\+(\d+|\?))?$/;

function overridden(base: TypeFigures, text: string): TypeFigures {
  const [, cards, enis, addresses, branches] = FIGURES.exec(text) ?? [];
  return {
    cardCount: Number(cards ?? base.cardCount),
    maxEnis: Number(enis ?? base.maxEnis),
    addressesPerEni: Number(addresses ?? base.addressesPerEni),
    maxBranchEnis: branches === undefined ? base.maxBranchEnis : branchCount(branches),
  };
}

const branchCount = (text: string): number | undefined => (text === '?' ? undefined : Number(text));

/** Sizes that most families have: what `a..b` runs through. */
const LADDER = words('nano micro small medium large xl 2xl 4xl 8xl 12xl 16xl 24xl 32xl 48xl 96xl');

function sizesOf(range: string): readonly string[] {
  const [from = '', to] = range.split('..');
  return to === undefined ? [from] : LADDER.slice(LADDER.indexOf(from), LADDER.indexOf(to) + 1);
}

/** Orders sizes: multiples of `xl` by their number, smaller ones below, plain `metal` above all. */
function stepOf(size: string): number {
  if (size === 'metal') {
    return Number.POSITIVE_INFINITY;
  }
  const multiple = /(\d+)xl$/.exec(size)?.[1];
  return multiple === undefined
    ? LADDER.indexOf(size) - LADDER.indexOf('xl') + 1
    : Number(multiple);
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
