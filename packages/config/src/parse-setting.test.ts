import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSetting } from './parse-setting.ts';
import type { Setting } from './setting.ts';

const row = (parser: Setting['parser'], more: Partial<Setting> = {}): Setting => ({
  parser,
  byDefault: undefined,
  readBy: [],
  status: 'seed',
  effect: '',
  ...more,
});

/** The value, or what was expected instead. */
const read = (text: string | undefined, setting: Setting) => {
  const { value, findings } = parseSetting('NAME', setting, text);
  return findings.length === 0 ? value : findings.map(({ expected }) => expected).join();
};

const UNSET = undefined;
const NOT_BOOLEAN = 'true or false';
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];
const NEITHER = ['TrUe', 'tRUE', 'yes', 'no', 'on', 'off', ' true', 'true ', '2', '-1', 'y'];

describe.each(['BA', 'BB'] as const)('%s', (parser) => {
  test.each([
    ...TRUE.map((text) => [text, true] as const),
    ...FALSE.map((text) => [text, false] as const),
    ...NEITHER.map((text) => [text, NOT_BOOLEAN] as const),
    [UNSET, UNSET],
    ['', parser === 'BA' ? NOT_BOOLEAN : UNSET],
  ])('%j is %j', (text, value) => expect(read(text, row(parser))).toBe(value));
});

const NOT_WHOLE = 'a whole number of at least 0';

describe.each(['IA', 'IB'] as const)('%s', (parser) => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['+3', 3],
    ['007', 7],
    ['9223372036854775807', Number.MAX_SAFE_INTEGER],
    ['9223372036854775808', NOT_WHOLE],
    ['-1', NOT_WHOLE],
    ['1e3', NOT_WHOLE],
    ['1.0', NOT_WHOLE],
    [' 5', NOT_WHOLE],
    ['5 ', NOT_WHOLE],
    ['0x10', NOT_WHOLE],
    ['30s', NOT_WHOLE],
    ['two', NOT_WHOLE],
    ['٣', NOT_WHOLE],
    ['--1', NOT_WHOLE],
    [UNSET, UNSET],
    ['', parser === 'IA' ? NOT_WHOLE : UNSET],
  ])('%j is %j', (text, value) => expect(read(text, row(parser))).toBe(value));

  test.each([
    ['575', 'a whole number from 576 to 9001'],
    ['576', 576],
    ['9001', 9001],
    ['9002', 'a whole number from 576 to 9001'],
  ])('%j in a range of 576 to 9001 is %j', (text, value) =>
    expect(read(text, row(parser, { range: [576, 9001] }))).toBe(value),
  );
});

describe('IX', () => {
  test.each([
    ['128', 128],
    ['0x80', 128],
    ['0X80', 128],
    ['0b1000', 8],
    ['0o200', 128],
    ['0200', 128],
    ['+0x80', 128],
    ['0', 0],
    ['0xffffffff', 0xffffffff],
    ['08', NOT_WHOLE],
    ['80h', NOT_WHOLE],
    ['0x', NOT_WHOLE],
    ['-0x1', NOT_WHOLE],
    ['', UNSET],
    [UNSET, UNSET],
  ])('%j is %j', (text, value) => expect(read(text, row('IX'))).toBe(value));
});

describe('texts', () => {
  test.each([
    ['SA', 'x', 'x'],
    ['SA', '', ''],
    ['SA', UNSET, UNSET],
    ['SB', 'x', 'x'],
    ['SB', ' ', ' '],
    ['SB', '', UNSET],
    ['SB', UNSET, UNSET],
  ] as const)('%s %j is %j', (parser, text, value) => expect(read(text, row(parser))).toBe(value));

  const choices = ['none', 'Strict'];
  test.each([
    ['SA', 'none', {}, 'none'],
    ['SA', 'strict', {}, 'none, Strict'],
    ['SA', '', {}, 'none, Strict'],
    ['SB', '', {}, UNSET],
    ['SA', 'strICT', { anyCase: true }, 'strICT'],
    ['SA', 'stric', { anyCase: true }, 'none, Strict'],
    ['SA', ' none', { anyCase: true }, 'none, Strict'],
  ] as const)('%s %j among choices %j is %j', (parser, text, more, value) =>
    expect(read(text, row(parser, { choices, ...more }))).toBe(value),
  );

  test('empty where the AWS VPC CNI would break is the default, with a notice', () => {
    const setting = row('SA', { byDefault: 'eni', emptyIsDefault: true });
    expect(parseSetting('NAME', setting, '')).toEqual({
      value: undefined,
      findings: [
        {
          variable: 'NAME',
          value: '',
          expected: 'a text that is not empty',
          remedy: 'eni is used',
        },
      ],
    });
  });
});

describe('CIDRS', () => {
  test.each([
    [UNSET, UNSET],
    ['', UNSET],
    [' , ,', []],
    ['10.1.0.0/16', ['10.1.0.0/16']],
    [' 10.1.0.0/16 ,0.0.0.0/0', ['10.1.0.0/16', '0.0.0.0/0']],
    ['10.1.2.3/16', ['10.1.0.0/16']],
    ['10.1.2.255/25', ['10.1.2.128/25']],
    ['255.255.255.255/0', ['0.0.0.0/0']],
    ['10.1.2.3/32', ['10.1.2.3/32']],
  ])('%j is %j', (text, value) => expect(read(text, row('CIDRS'))).toEqual(value));

  test.each([
    'fd00::/8',
    '10.0.0.0/33',
    '10.0.0.256/24',
    '10.0.0/24',
    '10.0.0.0',
    'x',
    '10.0.0.0/ 8',
  ])('%j is left out, with a notice, and the others stay', (entry) => {
    expect(parseSetting('NAME', row('CIDRS'), `10.9.0.0/16,${entry}`)).toEqual({
      value: ['10.9.0.0/16'],
      findings: [
        {
          variable: 'NAME',
          value: entry.trim(),
          expected: 'IPv4 CIDRs',
          remedy: 'this one is left out',
        },
      ],
    });
  });
});

const ALL = ['BA', 'BB', 'IA', 'IB', 'IX', 'SA', 'SB', 'CIDRS'] as const;

test.each(ALL)(
  '%s reads any text without throwing, and names it where it finds fault',
  (parser) => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const finding of parseSetting('NAME', row(parser), text).findings) {
          expect(text).toContain(finding.value);
        }
      }),
    );
  },
);
