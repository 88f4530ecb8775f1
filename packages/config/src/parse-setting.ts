import type { Finding } from './finding.ts';
import { parseIpv4Cidr } from './parse-cidr.ts';
import { parseAnyBase, parseDecimal } from './parse-number.ts';
import type { Setting } from './setting.ts';

/** What the text of one variable came to. */
export interface ParsedSetting {
  /** `undefined`: the default is to be taken. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

const TRUE_WORDS = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE_WORDS = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

const WHOLE: NonNullable<Setting['range']> = [0];

/** Classes for which a variable that is set but empty is as good as not set. */
const EMPTY_IS_UNSET = ['BB', 'IB', 'IX', 'SB', 'CIDRS'];

/** Reads the text of `variable` as its row says; `undefined` is a variable that is not set. */
export function parseSetting(
  variable: string,
  row: Setting,
  text: string | undefined,
): ParsedSetting {
  if (text === undefined || (text === '' && EMPTY_IS_UNSET.includes(row.parser))) {
    return { value: undefined, findings: [] };
  }
  if (row.parser === 'CIDRS') return parseCidrs(variable, text);
  const value = text === '' && row.emptyIsDefault ? undefined : parseText(row, text);
  if (value !== undefined) return { value, findings: [] };
  const remedy = `${defaultInWords(row)} is used`;
  return {
    value,
    findings: [{ variable, value: text, expected: expectedOf(row), remedy }],
  };
}

/** The default for a sentence without Markdown. */
export const defaultInWords = ({ byDefault, defaultMeans }: Setting): string =>
  byDefault === undefined || byDefault === ''
    ? withoutCode(defaultMeans ?? 'nothing')
    : `${byDefault}`;

/** A sentence of the table as plain text. */
export const withoutCode = (sentence: string): string => sentence.replaceAll('`', '');

function parseText(row: Setting, text: string): boolean | number | string | undefined {
  switch (row.parser) {
    case 'BA':
    case 'BB':
      return TRUE_WORDS.includes(text) || (FALSE_WORDS.includes(text) ? false : undefined);
    case 'IA':
    case 'IB':
      return inRange(row, parseDecimal(text));
    case 'IX':
      return inRange(row, parseAnyBase(text));
    default:
      return isChoice(row, text) ? text : undefined;
  }
}

function inRange({ range: [min, max] = WHOLE }: Setting, number: number | undefined) {
  const isFine = number !== undefined && number >= min && number <= (max ?? number);
  return isFine ? number : undefined;
}

const isChoice = ({ choices, anyCase }: Setting, text: string): boolean =>
  choices === undefined ||
  choices.some((choice) =>
    anyCase ? choice.toLowerCase() === text.toLowerCase() : choice === text,
  );

/** What a text should have been, for a sentence. */
export function expectedOf({ parser, range: [min, max] = WHOLE, choices }: Setting): string {
  switch (parser) {
    case 'BA':
    case 'BB':
      return 'true or false';
    case 'IA':
    case 'IB':
    case 'IX':
      return `a whole number ${max === undefined ? `of at least ${min}` : `from ${min} to ${max}`}`;
    case 'CIDRS':
      return 'IPv4 CIDRs';
    default:
      return choices === undefined ? 'a text that is not empty' : choices.join(', ');
  }
}

function parseCidrs(variable: string, text: string): ParsedSetting {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => ({ entry, cidr: parseIpv4Cidr(entry) }));
  return {
    value: entries.flatMap(({ cidr }) => cidr ?? []),
    findings: entries
      .filter(({ cidr }) => cidr === undefined)
      .map(({ entry }) => ({
        variable,
        value: entry,
        expected: 'IPv4 CIDRs',
        remedy: 'this one is left out',
      })),
  };
}
