/** An IAM policy as it is attached to a role: those parts of the language that policies for EC2 use. */
export interface IamPolicy {
  readonly Version?: string;
  readonly Statement: IamStatement | readonly IamStatement[];
}

export interface IamStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: OneOrMore;
  readonly Resource: OneOrMore;
  /** Operator, key, values: all operators and keys must hold, of the values one. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

type OneOrMore = string | readonly string[];

/** What IAM is asked: may this be done to this resource. A call asks it for each resource it touches. */
export interface IamQuestion {
  /** `ec2:` and the name of an action. */
  readonly action: string;
  /** An ARN, or `*` for actions that know no resources. */
  readonly resource: string;
  /** Condition keys that EC2 fills in, such as `aws:ResourceTag/Name`. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Whether a policy allows something: one statement does, and none denies it.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function allows(policy: IamPolicy, question: IamQuestion): boolean {
  const effects = statementsOf(policy)
    .filter((statement) => applies(statement, question))
    .map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

/**
 * Throws at what {@link allows} cannot read, so that no test passes because a condition was overlooked.
 *
 * @throws {TypeError} for a field of a statement, or an operator, that is not known here.
 */
export function requireReadable(policy: IamPolicy): void {
  for (const statement of statementsOf(policy)) {
    for (const field of Object.keys(statement)) {
      if (!FIELDS.includes(field)) throw unreadable('the element', field, FIELDS);
    }
    for (const operator of Object.keys(statement.Condition ?? {})) {
      const known = Object.keys(OPERATORS);
      if (!known.includes(operator)) throw unreadable('the condition operator', operator, known);
    }
  }
}

const FIELDS: readonly string[] = ['Sid', 'Effect', 'Action', 'Resource', 'Condition'];

const unreadable = (what: string, name: string, known: readonly string[]) =>
  new TypeError(`IAM policy: ${what} ${name} is not emulated, only ${known.join(', ')}`);

/** `*` is any text, `?` one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${source.replaceAll('?', '.')}$`, 's').test(text);
}

const OPERATORS: Readonly<Record<string, (wanted: string, found: string) => boolean>> = {
  StringEquals: (wanted, found) => wanted === found,
  StringLike: matches,
  ArnEquals: matches,
  ArnLike: matches,
};

function applies(statement: IamStatement, { action, resource, context }: IamQuestion): boolean {
  // Names of actions have no case.
  const named = listOf(statement.Action).some((one) =>
    matches(one.toLowerCase(), action.toLowerCase()),
  );
  return (
    named &&
    listOf(statement.Resource).some((one) => matches(one, resource)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => {
        const found = context[key];
        const holds = OPERATORS[operator];
        return (
          found !== undefined &&
          holds !== undefined &&
          listOf(values).some((wanted) => holds(wanted, found))
        );
      }),
    )
  );
}

const listOf = (values: OneOrMore): readonly string[] =>
  typeof values === 'string' ? [values] : values;

const statementsOf = ({ Statement }: IamPolicy): readonly IamStatement[] =>
  'Effect' in Statement ? [Statement] : Statement;
