import { readFileSync } from 'node:fs';
import type { IamPolicy, IamStatement } from '@vpc-cni/aws-emulator';

/** A policy document of deploy/iam, with what it leaves open filled in. */
export function readPolicy(
  name: string,
  values: Readonly<Record<'CLUSTER_NAME' | 'VPC_ARN', string>> = { CLUSTER_NAME: '', VPC_ARN: '' },
): IamPolicy {
  const file = new URL(`../../../../deploy/iam/${name}.json`, import.meta.url);
  const text = readFileSync(file, 'utf8');
  return JSON.parse(
    text.replaceAll('CLUSTER_NAME', values.CLUSTER_NAME).replaceAll('VPC_ARN', values.VPC_ARN),
  );
}

/** The actions that a document allows, in the order of their names. */
export const actionsOf = (policy: IamPolicy): readonly string[] =>
  [...new Set(statementsOf(policy).flatMap(({ Action }) => listOf(Action)))].toSorted();

/** The document without one action, as after a slip of the pen. */
export function without(policy: IamPolicy, action: string): IamPolicy {
  const statements = statementsOf(policy).map((statement) => ({
    ...statement,
    Action: listOf(statement.Action).filter((one) => one !== action),
  }));
  return { ...policy, Statement: statements.filter(({ Action }) => Action.length > 0) };
}

const listOf = (values: IamStatement['Action']): readonly string[] =>
  typeof values === 'string' ? [values] : values;

const statementsOf = ({ Statement }: IamPolicy): readonly IamStatement[] =>
  'Effect' in Statement ? [Statement] : Statement;
