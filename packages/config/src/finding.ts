/** What is wrong with a setting, and what to do about it. */
export interface Finding {
  readonly variable: string;
  /** As it was given; empty where the variable is not set. */
  readonly value: string;
  readonly expected: string;
  readonly remedy: string;
}

export const describeFinding = ({ variable, value, expected, remedy }: Finding): string =>
  `${variable} is ${JSON.stringify(value)}, expected ${expected}: ${remedy}`;
