import { codeOf } from './ec2-refusal.ts';

/** Asks for one prefix where several cannot be had: EC2 gives all that it is asked for, or none. */
export async function withFewerPrefixes<T>(
  count: number,
  ask: (count: number) => Promise<T>,
): Promise<T> {
  try {
    return await ask(count);
  } catch (error) {
    if (count > 1 && codeOf(error) === 'no-free-prefix') return ask(1);
    throw error;
  }
}
