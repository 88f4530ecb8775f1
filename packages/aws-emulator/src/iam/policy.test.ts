import { describe, expect, test } from '@jest/globals';
import { allows, type IamStatement, requireReadable } from './policy.ts';

const eni = 'arn:aws:ec2:us-west-2:123456789012:network-interface/eni-1';
const statement = (given: Partial<IamStatement> = {}): IamStatement => ({
  Effect: 'Allow',
  Action: 'ec2:CreateTags',
  Resource: '*',
  ...given,
});
const tagged = (operator: string, value: string | readonly string[]) => ({
  Condition: { [operator]: { 'aws:ResourceTag/cluster': value } },
});

describe('ec2:CreateTags on a tagged ENI', () => {
  test.each<{ name: string; statements: readonly IamStatement[]; allowed: boolean }>([
    { name: 'no statement', statements: [], allowed: false },
    { name: 'its action', statements: [statement()], allowed: true },
    { name: 'another case', statements: [statement({ Action: 'EC2:createtags' })], allowed: true },
    {
      name: 'another action',
      statements: [statement({ Action: ['ec2:DeleteTags'] })],
      allowed: false,
    },
    {
      name: 'a pattern of actions',
      statements: [statement({ Action: 'ec2:*Tag?' })],
      allowed: true,
    },
    { name: 'its resource', statements: [statement({ Resource: eni })], allowed: true },
    {
      name: 'a pattern of resources',
      statements: [statement({ Resource: ['arn:aws:ec2:*:*:network-interface/*'] })],
      allowed: true,
    },
    {
      name: 'resources of another kind',
      statements: [statement({ Resource: 'arn:aws:ec2:*:*:instance/*' })],
      allowed: false,
    },
    { name: 'a dot is a dot', statements: [statement({ Resource: `${eni}.` })], allowed: false },
    {
      name: 'a condition that holds',
      statements: [statement(tagged('StringEquals', ['green', 'blue']))],
      allowed: true,
    },
    {
      name: 'a condition that does not',
      statements: [statement(tagged('StringEquals', 'bl*'))],
      allowed: false,
    },
    {
      name: 'a pattern in a condition',
      statements: [statement(tagged('StringLike', 'bl*'))],
      allowed: true,
    },
    {
      name: 'a condition on what is not there',
      statements: [statement({ Condition: { StringLike: { 'aws:RequestTag/cluster': '*' } } })],
      allowed: false,
    },
    {
      name: 'a denial beside it',
      statements: [statement(), statement({ Effect: 'Deny', Resource: eni })],
      allowed: false,
    },
  ])('$name: $allowed', ({ statements, allowed }) => {
    const context = { 'aws:ResourceTag/cluster': 'blue' };
    const question = { action: 'ec2:CreateTags', resource: eni, context };
    expect(allows({ Statement: statements }, question)).toBe(allowed);
  });
});

test('one statement need not be a list', () => {
  const question = { action: 'ec2:CreateTags', resource: eni, context: {} };
  expect(allows({ Statement: statement() }, question)).toBe(true);
});

test.each([
  { given: { NotAction: 'ec2:*' }, says: 'the element NotAction is not emulated' },
  { given: { Condition: { Bool: {} } }, says: 'the condition operator Bool is not emulated' },
])('what cannot be read is not passed over: $says', ({ given, says }) => {
  expect(() => requireReadable({ Statement: [statement(given)] })).toThrow(says);
});
