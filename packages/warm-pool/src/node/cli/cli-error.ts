/**
 * Input that cannot be used: which field, what was there (nothing: ''), and what to do about
 * it. Exit code 2.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly field: string;
  readonly value: string;
  readonly remedy: string;

  constructor(field: string, value: string, remedy: string) {
    super(
      value === ''
        ? `${field} is missing; ${remedy}`
        : `${field}: cannot use "${value}"; ${remedy}`,
    );
    this.field = field;
    this.value = value;
    this.remedy = remedy;
  }
}
