import {
  AssignPrivateIpAddresses$,
  CreateNetworkInterface$,
  DeleteNetworkInterface$,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from '@jest/globals';
import { Ec2Error } from '../cloud/ec2-error.ts';
import { formatError, formatResponse, parseParameters } from './query-codec.ts';

describe('parseParameters', () => {
  test('reads numbered lists, nested structures, numbers and booleans', () => {
    const form = new URLSearchParams(
      'Action=CreateNetworkInterface&Version=2016-11-15&SubnetId=subnet-1&DryRun=false' +
        '&SecurityGroupId.2=sg-b&SecurityGroupId.1=sg-a&SecurityGroupId.10=sg-c&Ipv4PrefixCount=2' +
        '&TagSpecification.1.ResourceType=network-interface' +
        '&TagSpecification.1.Tag.1.Key=a%26b&TagSpecification.1.Tag.1.Value=',
    );
    expect(parseParameters(CreateNetworkInterface$, form)).toEqual({
      SubnetId: 'subnet-1',
      DryRun: false,
      Groups: ['sg-a', 'sg-b', 'sg-c'],
      Ipv4PrefixCount: 2,
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'a&b', Value: '' }] }],
    });
  });

  const wrong = [
    {
      form: 'Nonsense=1',
      code: 'UnknownParameter',
      text: 'The parameter Nonsense is not recognized',
    },
    {
      form: '__proto__=1',
      code: 'UnknownParameter',
      text: 'The parameter __proto__ is not recognized',
    },
    { form: 'PrivateIpAddress.a=1.2.3.4', code: 'UnknownParameter', text: 'PrivateIpAddress.a' },
    { form: 'NetworkInterfaceId.1=eni-1', code: 'UnknownParameter', text: 'NetworkInterfaceId.1' },
    { form: 'Ipv4PrefixCount=two', code: 'InvalidParameterValue', text: 'Value (two)' },
    { form: 'AllowReassignment=yes', code: 'InvalidParameterValue', text: 'Value (yes)' },
  ];
  test.each(wrong)('refuses $form with $code', ({ form, code, text }) => {
    const parse = () => parseParameters(AssignPrivateIpAddresses$, new URLSearchParams(form));
    expect(parse).toThrow(expect.objectContaining({ code, reason: expect.stringContaining(text) }));
  });
});

test('a response is named after the action and carries the request id', () => {
  const output = {
    NetworkInterfaceId: 'eni-1',
    AssignedPrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.4' }],
  };
  expect(formatResponse(AssignPrivateIpAddresses$, output, 'req-1')).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<AssignPrivateIpAddressesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
      '<requestId>req-1</requestId><networkInterfaceId>eni-1</networkInterfaceId>' +
      '<assignedPrivateIpAddressesSet><item><privateIpAddress>10.0.0.4</privateIpAddress></item>' +
      '</assignedPrivateIpAddressesSet></AssignPrivateIpAddressesResponse>',
  );
});

test('a response of an action without output says so, and an empty output is empty', () => {
  expect(formatResponse(DeleteNetworkInterface$, {}, 'r')).toContain('<return>true</return>');
  expect(formatResponse(AssignPrivateIpAddresses$, {}, 'r')).toMatch(
    /<requestId>r<\/requestId><\/Assign/,
  );
});

test('an error escapes what the caller has sent', () => {
  expect(formatError(new Ec2Error('InvalidAction', 'The action <&> is'), 'r')).toContain(
    '<Code>InvalidAction</Code><Message>The action &lt;&amp;&gt; is</Message>',
  );
});
