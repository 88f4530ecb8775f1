import { expect, test } from '@jest/globals';
import { expandRules } from './expand-rules.ts';

const expanded = (figures: string, rules: string) =>
  Object.fromEntries(
    [...expandRules([{ class: 'test', figures, rules }])].map(([type, one]) => [
      type,
      `${one.cardCount}*${one.maxEnis}x${one.addressesPerEni}+${one.maxBranchEnis ?? '?'}`,
    ]),
  );

test.each([
  {
    name: 'figures hold from their size upward',
    figures: 'large 3x10+9 4xl 8x30+54',
    rules: 'a: large xl 2xl 4xl 9xl',
    types: {
      'a.large': '1*3x10+9',
      'a.xlarge': '1*3x10+9',
      'a.2xlarge': '1*3x10+9',
      'a.4xlarge': '1*8x30+54',
      'a.9xlarge': '1*8x30+54',
    },
  },
  {
    name: 'a range runs through the usual sizes, for every family',
    figures: 'nano 2x2',
    rules: 'a b: small..large',
    types: Object.fromEntries(
      ['a', 'b'].flatMap((family) =>
        ['small', 'medium', 'large'].map((size) => [`${family}.${size}`, '1*2x2+?']),
      ),
    ),
  },
  {
    name: 'a rule overrides the parts that it names',
    figures: 'large 3x10+9',
    rules: 'a: large=+0 xl=4x15 2xl=2* 4xl=2*8x50+106 8xl=+?',
    types: {
      'a.large': '1*3x10+0',
      'a.xlarge': '1*4x15+9',
      'a.2xlarge': '2*3x10+9',
      'a.4xlarge': '2*8x50+106',
      'a.8xlarge': '1*3x10+?',
    },
  },
  {
    name: 'metal is the largest size, or the one that it is named after',
    figures: 'large 3x10+9 24xl 15x50+107',
    rules: 'a: large=+5 metal\nb: 24xl=+1 48xl metal-24xl metal-48xl=+2\nc: metal',
    types: {
      'a.large': '1*3x10+5',
      'a.metal': '1*3x10+5',
      'b.24xlarge': '1*15x50+1',
      'b.48xlarge': '1*15x50+107',
      'b.metal-24xl': '1*15x50+1',
      'b.metal-48xl': '1*15x50+2',
      'c.metal': '1*15x50+107',
    },
  },
])('$name', ({ figures, rules, types }) => {
  expect(expanded(figures, rules)).toEqual(types);
});
