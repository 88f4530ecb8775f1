import type { Filter } from '@aws-sdk/client-ec2';
import { Ec2Error, invalidValue, required } from '../cloud/ec2-error.ts';
import type { Tags } from '../cloud/tags.ts';

/** What a filter can look at: for each filter name the texts that may match. */
export type FilterFields<T> = Readonly<
  Record<string, (item: T) => readonly (string | undefined)[] | string | undefined>
>;

/** Sorted, paged and filtered selections, shared by every `Describe…` action. */
export interface Selection<T> {
  readonly items: Iterable<T>;
  readonly idOf: (item: T) => string;
  readonly tagsOf: (item: T) => Tags | undefined;
  readonly fields: FilterFields<T>;
  readonly filters?: readonly Filter[] | undefined;
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/** One page of a selection. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

/**
 * Filters by every filter (any value of one is enough), sorts by id and cuts a page.
 *
 * A page's token names the last id shown, so pages stay consistent while things come and go.
 *
 * @throws {Ec2Error} `InvalidParameterValue` for a filter that the action does not have or a page
 *   size out of 5–1000, `InvalidPaginationToken` for a token that is none.
 */
export function select<T>(selection: Selection<T>): Page<T> {
  const tests = (selection.filters ?? []).map((filter) => matcher(filter, selection));
  const matching = [...selection.items]
    .filter((item) => tests.every((test) => test(item)))
    .sort((a, b) => (selection.idOf(a) < selection.idOf(b) ? -1 : 1));
  const { maxResults, nextToken } = selection;
  if (maxResults !== undefined && (maxResults < 5 || maxResults > 1000)) {
    const bound = maxResults < 5 ? 'greater than 5' : 'less than 1000';
    throw invalidValue(
      `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value ${bound}.`,
    );
  }
  const after = nextToken === undefined ? undefined : decodeToken(nextToken);
  const rest = matching.filter((item) => after === undefined || selection.idOf(item) > after);
  const items = rest.slice(0, maxResults);
  const last = items.at(-1);
  const isMore = items.length < rest.length && last !== undefined;
  return { items, nextToken: isMore ? encodeToken(selection.idOf(last)) : undefined };
}

/** EC2 refuses a page size together with a list of ids. */
export function checkNoPaging(
  ids: readonly string[] | undefined,
  maxResults: number | undefined,
  parameter: string,
): void {
  if (ids !== undefined && ids.length > 0 && maxResults !== undefined) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      `The parameter ${parameter} cannot be used with the parameter maxResults`,
    );
  }
}

function matcher<T>(filter: Filter, selection: Selection<T>) {
  const name = required(filter.Name, 'Filter.Name');
  const patterns = required(filter.Values, 'Filter.Value').map(wildcardPattern);
  const texts = reader(name, selection);
  return (item: T) =>
    texts(item).some((text) =>
      patterns.some((pattern) => text !== undefined && pattern.test(text)),
    );
}

function reader<T>(name: string, { fields, tagsOf }: Selection<T>) {
  if (name === 'tag-key') {
    return (item: T) => [...(tagsOf(item)?.keys() ?? [])];
  }
  if (name.startsWith('tag:')) {
    return (item: T) => [tagsOf(item)?.get(name.slice('tag:'.length))];
  }
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field === undefined) {
    throw invalidValue(`The filter '${name}' is invalid`);
  }
  return (item: T) => {
    const value = field(item);
    return typeof value === 'string' || value === undefined ? [value] : value;
  };
}

/** `*` is any text, `?` any character, a backslash takes the next character literally. */
function wildcardPattern(text: string): RegExp {
  const source = text.replace(/\\([\s\S])|[\s\S]/g, (token, escaped: string | undefined) => {
    if (escaped !== undefined) {
      return literal(escaped);
    }
    return token === '*' ? '[\\s\\S]*' : token === '?' ? '[\\s\\S]' : literal(token);
  });
  return new RegExp(`^${source}$`);
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const TOKEN_MARK = 'after:';

const encodeToken = (id: string): string => Buffer.from(TOKEN_MARK + id).toString('base64url');

function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(TOKEN_MARK)) {
    throw new Ec2Error(
      'InvalidPaginationToken',
      'The specified pagination token is not valid or is expired.',
    );
  }
  return text.slice(TOKEN_MARK.length);
}
