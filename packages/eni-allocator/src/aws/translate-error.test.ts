import { describe, expect, test } from '@jest/globals';
import type { EniAllocatorErrorCode } from '../eni-allocator-error.ts';
import { isEniAllocatorError } from '../eni-allocator-error.ts';
import { translateError } from './translate-error.ts';

const call = {
  action: 'AssignPrivateIpAddresses',
  doing: 'assigning 2 addresses to eni-1',
  facts: { eniId: 'eni-1', count: 2 },
};

const answer = (name: string, httpStatusCode: number, message = 'Something.') =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode, requestId: 'r-1' } });

const network = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

describe('translateError', () => {
  const others: readonly { name: string; error: unknown; code: EniAllocatorErrorCode }[] = [
    {
      name: 'an old prefix',
      error: answer('Client.UnauthorizedOperation', 403),
      code: 'not-permitted',
    },
    { name: 'a code named like a method', error: answer('toString', 400), code: 'unexpected' },
    {
      name: 'a subnet with fewer addresses than a prefix has',
      error: answer(
        'InvalidParameterValue',
        400,
        "There aren't sufficient free Ipv4 addresses or prefixes",
      ),
      code: 'no-free-prefix',
    },
    { name: 'a wrong value', error: answer('InvalidParameterValue', 400), code: 'invalid-request' },
    { name: 'a throttle status', error: answer('Whatever', 429), code: 'throttled' },
    { name: 'a server error', error: answer('Whatever', 502), code: 'unreachable' },
    { name: 'a client error nobody knows', error: answer('Whatever', 400), code: 'unexpected' },
    { name: 'a refused connection', error: network('ECONNREFUSED'), code: 'unreachable' },
    { name: 'a cut connection', error: network('ECONNRESET'), code: 'unreachable' },
    { name: 'a name that does not resolve', error: network('ENOTFOUND'), code: 'unreachable' },
    { name: 'a failing resolver', error: network('EAI_AGAIN'), code: 'unreachable' },
    { name: 'an untrusted certificate', error: network('CERT_HAS_EXPIRED'), code: 'unreachable' },
    { name: 'a bug', error: new TypeError('x is undefined'), code: 'unexpected' },
    { name: 'something that is no error', error: 'oops', code: 'unexpected' },
    { name: 'nothing', error: undefined, code: 'unexpected' },
  ];

  test.each(others)('$name is $code', ({ error, code }) => {
    expect(translateError(error, call).code).toBe(code);
  });

  test('keeps what EC2 said, what was done, and the original', () => {
    const original = answer(
      'InsufficientFreeAddressesInSubnet',
      400,
      'The specified subnet does not have enough free addresses.',
    );
    const error = translateError(original, call);
    expect(error.message).toBe(
      '[subnet-exhausted] assigning 2 addresses to eni-1 (ec2:AssignPrivateIpAddresses): ' +
        'InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses; ' +
        'free addresses in the subnet or use another one',
    );
    expect(error.facts).toEqual({
      eniId: 'eni-1',
      count: 2,
      action: 'AssignPrivateIpAddresses',
      awsCode: 'InsufficientFreeAddressesInSubnet',
      httpStatus: 400,
      requestId: 'r-1',
    });
    expect(error.cause).toBe(original);
    expect(isEniAllocatorError(error)).toBe(true);
  });

  test('leaves out what people cannot read', () => {
    const said = 'You are not authorized. Encoded authorization failure message: aB3-_x9';
    expect(translateError(answer('UnauthorizedOperation', 403, said), call).message).toBe(
      '[not-permitted] assigning 2 addresses to eni-1 (ec2:AssignPrivateIpAddresses): ' +
        'UnauthorizedOperation: You are not authorized; ' +
        'see that the IAM role of the node allows ec2:AssignPrivateIpAddresses',
    );
  });

  test('names the permission that is missing', () => {
    const error = translateError(answer('UnauthorizedOperation', 403), call);
    expect(error.message).toContain('ec2:AssignPrivateIpAddresses');
  });

  test('names the permission that EC2 misses, where a call takes several', () => {
    const said =
      'User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: ec2:CreateTags on resource: x';
    const error = translateError(answer('UnauthorizedOperation', 403, said), call);
    expect(error.message).toMatch(/allows ec2:CreateTags$/);
    expect(error.facts['action']).toBe('CreateTags');
  });
});
