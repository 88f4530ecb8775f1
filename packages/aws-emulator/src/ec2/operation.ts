import type { Clock } from '../clock.ts';
import type { Cloud } from '../cloud/cloud.ts';
import type { EniLifeCycle } from '../eni-life-cycle.ts';
import type { FabricWiring } from '../fabric-wiring.ts';
import type { ClientTokens } from './client-tokens.ts';
import type { OperationSchema } from './query-codec.ts';

/** What an operation works on. */
export interface OperationContext {
  readonly cloud: Cloud;
  readonly wiring: FabricWiring;
  readonly lifeCycle: EniLifeCycle;
  readonly clientTokens: ClientTokens;
  readonly clock: Clock;
}

/** One EC2 action: how it is encoded, and what it does. */
export interface Operation {
  readonly schema: OperationSchema;
  handle(input: Parameters, context: OperationContext): Promise<Parameters> | Parameters;
}

type Parameters = Readonly<Record<string, unknown>>;

/** Ties a handler, typed as the SDK types the command, to the schema that decodes its input. */
export function operation<Input extends object, Output extends object>(
  schema: OperationSchema,
  handle: (input: Input, context: OperationContext) => Promise<Output> | Output,
): Operation {
  return {
    schema,
    // The codec builds the input from the schema that the SDK derives these very types from.
    handle: handle as unknown as Operation['handle'],
  };
}
