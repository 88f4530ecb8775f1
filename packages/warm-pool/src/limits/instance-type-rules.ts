import type { InstanceTypeClass } from './expand-rules.ts';

/** The month of the built-in table, `YYYY-MM`. Types that appeared later are not in it. */
export const LIMITS_DATE = '2026-08';

/** Families on the Xen hypervisor. The rest is Nitro, except for what has none (bare metal). */
export const XEN_FAMILIES = 'c1 c3 c4 d2 f1 h1 i2 i3 m1 m2 m3 m4 p3 r3 r4 t1 t2 x1 x1e';

/** Types whose hypervisor EC2 names differently from what their family and size suggest. */
export const HYPERVISOR_EXCEPTIONS = {
  'cr1.8xlarge': 'unknown',
  'hs1.8xlarge': 'unknown',
  'c7g.metal': 'nitro',
} as const;

/**
 * The built-in table of instance types, as rules.
 *
 * A rule is a line `families: sizes`, with `xl` for `xlarge`; `large..16xl` is every size between
 * the two that most families have. Figures read `cards*ENIs x addresses per ENI + branch ENIs`:
 * `4x15+38` is one network card with 4 ENIs of 15 addresses, and at most 38 branch ENIs; in
 * `2*8x50+106` each of two cards takes 8 ENIs. `+0` cannot have branch ENIs; without `+`, or with
 * `+?`, their number is not known.
 *
 * The figures of a class change at the sizes named there and hold from each upward. A rule may write
 * others behind a size: `metal=+120` changes only the branch ENIs. A metal size has the figures of
 * the size it is named after, plain `metal` those of the largest, as the rule has them.
 */
export const INSTANCE_TYPE_RULES: readonly InstanceTypeClass[] = [
  {
    class: 'Before Nitro: no branch ENIs',
    figures: 'micro 2x2+0 small 2x4+0 medium 2x6+0 large 3x10+0 xl 4x15+0 4xl 8x30+0 16xl 15x50+0',
    rules: `
      c3 c4 r3: large..8xl
      i3 r4: large..8xl 16xl
      d2 i2: xl..8xl
      c1: medium xl
      m1: small..xl
      m2: xl 2xl=4x30 4xl
      m3: medium..xl 2xl=4x30
      m4: large=2x10 xl..4xl 10xl 16xl=8x30
      f1: 2xl 4xl 16xl=8x50
      h1: 2xl..8xl 16xl=8x50
      p3: 2xl 8xl 16xl=8x30
      t1: micro
      x1: 16xl=8x30 32xl=8x30
      x1e: xl=3x10 2xl 4xl=4x15 8xl=4x15 16xl=8x30 32xl=8x30
      cr1 hs1: 8xl=+?`,
  },
  {
    class: 'Burstable',
    figures: 'nano 2x2+0 small 3x4+0 medium 3x6+0 large 3x12+0 xl 4x15+0',
    rules: `
      t3 t4g: nano..2xl
      t2: nano..large xl=3x15 2xl=3x15
      t3a: nano micro small=2x4 medium..2xl`,
  },
  {
    class: 'Nitro: Graviton to the 8th generation, x86 to the 5th',
    figures: 'medium 2x4+4 large 3x10+9 xl 4x15+18 2xl 4x15+38 4xl 8x30+54 16xl 15x50+107',
    rules: `
      a1: medium=+10 large..4xl metal
      c6g c6gd c7g c7gd c7gn m6g m6gd m7g m7gd r6g r6gd r7g r7gd: medium..16xl metal
      c6gn: medium..16xl
      x2gd: medium=+10 large..16xl metal
      c8g c8gd m8g m8gd r8g r8gd x8g: medium..24xl 48xl metal-24xl metal-48xl
      i8g: large..24xl 48xl metal-24xl metal-48xl
      m5d m5dn m5n r5b r5d r5dn r5n: large..24xl metal
      m5 r5: large..24xl metal=+120
      c5a c5ad: large..24xl metal=+?
      m5a m5ad r5a r5ad: large..24xl
      c5 c5d: large..4xl 9xl 12xl 18xl 24xl metal
      c5n: large..4xl 9xl 18xl metal
      i4g im4gn: large..8xl 16xl
      is4gen: medium..8xl
      g5g: xl..8xl 16xl metal
      g6f: large=2x10+10 xl..4xl
      gr6f: 4xl
      i3en: large=+5 xl=+12 2xl=+28 3xl 6xl 12xl 24xl metal
      vt1: 3xl 6xl 24xl
      p3dn dl2q: 24xl
      u7i-6tb u7i-8tb: 112xl
      u7i-12tb: 224xl`,
  },
  {
    class: 'x86 of the 6th and 7th generation: more branch ENIs in the middle',
    figures:
      'medium 2x4+4 large 3x10+9 xl 4x15+18 2xl 4x15+38 4xl 8x30+54 8xl 8x30+84 12xl 8x30+114 ' +
      '16xl 15x50+107',
    rules: `
      c6i c6id m6i m6id r6i r6id: large..32xl metal
      c6in m6idn m6in r6idn r6in: large..24xl 32xl=2*8x50+106 metal
      c6a m6a r6a: large..48xl metal
      c7a m7a r7a: medium..48xl metal-48xl
      m7i r7i: large..24xl 48xl metal-24xl metal-48xl
      c7i: large..24xl 32xl=+? 48xl metal-24xl metal-48xl
      i4i: large=+0 xl=+6 2xl=+26 4xl=+52 8xl=+112 12xl=+112 16xl=+120 24xl=15x30+105 32xl=+120 metal
      i7i: large..8xl 12xl=+84 16xl 24xl 48xl metal-24xl metal-48xl
      r7iz: large..16xl 32xl metal-16xl metal-32xl
      c7i-flex m7i-flex: large=+3 xl=+8 2xl=+18 4xl=+34 8xl=+54 12xl 16xl
      x2idn: 16xl..32xl metal
      x2iedn: xl=+11 2xl=+27 4xl 8xl=+114 16xl..32xl metal
      f2: 6xl=+84 12xl 48xl
      g6: xl..24xl 48xl
      g6e: xl..8xl 12xl=10x30+112 16xl 24xl=2*10x50+102 48xl=4*10x50+82
      gr6: 4xl 8xl
      inf2: xl 8xl 24xl 48xl`,
  },
  {
    class: 'Fast clock, 5th generation',
    figures: 'large 3x10+13 xl 4x15+29 2xl 4x15+62 3xl 8x30+92 6xl 8x30+114 12xl 15x50+107',
    rules: `
      m5zn: large..2xl 3xl 6xl 12xl metal
      x2iezn: 2xl 4xl=+114 6xl 8xl 12xl metal
      z1d: large xl=+28 2xl=+58 3xl=+54 6xl=+54 12xl metal`,
  },
  {
    class: 'Intel, 8th generation',
    figures:
      'large 3x20+9 xl 4x30+18 2xl 4x30+38 4xl 8x50+54 8xl 10x50+82 12xl 12x50+110 16xl 16x64+106 ' +
      '32xl 24x64+98',
    rules: `
      c8i c8id m8i m8id r8i r8id: large..96xl metal-48xl metal-96xl
      x8i: large..48xl 64xl 96xl metal-48xl metal-96xl
      c8i-flex m8i-flex r8i-flex: large=+3 xl=+8 2xl=+18 4xl=+34 8xl=+52 12xl 16xl`,
  },
  {
    class: 'Intel, 8th generation, for network and storage bandwidth',
    figures: 'large 4x20 xl 4x30 4xl 8x50 12xl 12x50 16xl 16x64 48xl 24x64 96xl 2*12x64',
    rules: `
      c8ib c8in m8ib m8idb m8idn m8in r8ib r8idb r8idn r8in: large..96xl metal-48xl metal-96xl
      c8ine m8ine: large..12xl`,
  },
  {
    class: 'AMD, 8th generation',
    figures:
      'medium 2x4+4 large 3x20+9 xl 4x20+18 2xl 4x40+38 4xl 8x40+54 8xl 10x40+82 12xl 12x64+110 ' +
      '16xl 16x64+106 48xl 24x64+98',
    rules: 'c8a m8a r8a: medium..24xl 48xl metal-24xl metal-48xl',
  },
  {
    class: 'AMD, 8th generation, fast clock',
    figures: 'medium 3x4+3 large 4x20+8 xl 4x20+18 3xl 8x40+34 6xl 8x40+54 12xl 16x64+106',
    rules: `
      m8azn: medium..xl 3xl 6xl 12xl 24xl metal-12xl metal-24xl
      x8aedz: large xl 3xl 6xl 12xl 24xl metal-12xl metal-24xl`,
  },
  {
    class: 'Graviton, 8th generation, for network and storage bandwidth',
    figures:
      'medium 2x4+4 large 3x10+9 xl 4x15+18 2xl 4x15+38 4xl 8x30+54 8xl 10x30+52 12xl 12x30+50 ' +
      '16xl 16x50+106 24xl 24x50+98 48xl 2*12x50+98',
    rules: 'c8gb c8gn m8gb m8gn r8gb r8gn: medium..24xl 48xl metal-24xl=+? metal-48xl=+?',
  },
  {
    class: 'Graviton, 9th generation',
    figures: 'medium 2x20 large 3x20 xl 4x30 4xl 8x50 8xl 10x50 12xl 12x50 16xl 16x64 24xl 24x64',
    rules: 'c9g c9gd m9g m9gd: medium..24xl 48xl metal-48xl',
  },
  {
    class: 'Dense storage',
    figures: 'large 3x10+19 xl 4x15+27 6xl 8x30+54 18xl 15x50+107',
    rules: `
      d3: xl=4x3+42 2xl=4x5+92 4xl=4x10+118 8xl=3x20+119
      d3en: xl=4x3+24 2xl=4x5+58 4xl=4x10+118 6xl=4x15+118 8xl=4x20+118 12xl=3x30+119
      i7ie: large..2xl 3xl 6xl 12xl=8x50 18xl 24xl 48xl metal-24xl metal-48xl`,
  },
  {
    class: 'Dense storage, Graviton',
    figures:
      'large 3x10+19 xl 4x15+27 3xl 6x30+25 6xl 10x30+52 12xl 12x30+50 18xl 16x50+106 48xl 24x50+98',
    rules: 'i8ge: large..2xl 3xl 6xl 12xl 18xl 24xl 48xl metal-24xl metal-48xl',
  },
  {
    class: 'Accelerators',
    figures: 'xl 4x15 4xl 8x30 24xl 15x50',
    rules: `
      dl1 p4d p4de: 24xl=4*15x50+62
      g4ad: xl=2x4+12 2xl=2x4+12 4xl=3x10+11 8xl=4x15+10 16xl=8x30+6
      g4dn: xl=3x10+39 2xl=3x10+39 4xl=3x10+59 8xl=4x15+58 12xl=8x30+54 16xl=4x15+118 metal=15x50+107
      g5: xl=+4 2xl=+17 4xl=+34 8xl=+84 12xl=15x50+107 16xl=+114 24xl=+107 48xl=7x50+115
      g7: 2xl=4x64 4xl=8x64 8xl=10x64 12xl=12x64 24xl=24x64 48xl=2*12x64
      g7e: 2xl=4x64+120 4xl=8x64+120 8xl=8x64+120 12xl=10x64+120 24xl=2*10x64+120 48xl=4*10x64+120
      inf1: xl=4x10+38 2xl=4x10+38 6xl=8x30+54 24xl=11x30+111
      p5: 4xl=4x30+58 48xl=32*2x50+120
      p5e: 48xl=32*2x50+120
      p5en: 48xl=16*4x50+120
      p6-b200: 48xl=8*4x50+120
      p6-b300: 48xl=17*4x50+120
      trn1: 2xl=+17 32xl=8*5x50+82
      trn1n: 32xl=16*5x50+120
      trn2: 3xl=2x15 48xl=16*2x50`,
  },
  {
    class: 'High-performance computing',
    figures: 'xl 2*2x50',
    rules: `
      hpc6a: 48xl=1*
      hpc6id: 32xl=2*1x50
      hpc7a: 12xl 24xl 48xl 96xl
      hpc7g: 4xl..8xl=1*4x50 16xl=1*4x50
      hpc8a: 96xl`,
  },
  {
    class: 'Bare metal only, and large memory',
    figures: 'xl 15x50',
    rules: `
      mac1 mac2 mac2-m1ultra mac2-m2 mac2-m2pro mac-m4 mac-m4max mac-m4pro: metal=8x30+6
      mac-m3ultra: metal=8x30
      bmn-sf1 u-18tb1 u-24tb1: metal
      u-9tb1 u-12tb1: metal=5x30
      u-6tb1: 56xl=+0 112xl=+0 metal=5x30+?
      u-3tb1: 56xl=8x30+6
      u7in-16tb u7in-24tb u7in-32tb: 224xl=2*8x50+106`,
  },
];
