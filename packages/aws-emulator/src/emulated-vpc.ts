import { EC2Client } from '@aws-sdk/client-ec2';
import { createEmulator, type EmulatorOptions } from './emulator.ts';

/**
 * A VPC with one subnet and the real EC2 client on a loopback port, for this package's tests.
 *
 * @internal
 */
export async function emulatedVpc(
  options: EmulatorOptions & { readonly subnetCidr?: string } = {},
) {
  const { subnetCidr = '10.0.0.0/24', ...emulatorOptions } = options;
  const emulator = createEmulator(emulatorOptions);
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16', secondaryCidrs: ['100.64.0.0/16'] });
  const { subnetId } = emulator.addSubnet({
    vpcId,
    cidr: subnetCidr,
    ipv6Cidr: '2001:db8:0:1::/64',
    availabilityZone: 'us-west-2a',
    tags: { 'kubernetes.io/role/cni': '1' },
  });
  const { url } = await emulator.listenEc2({ host: '127.0.0.1', port: 0 });
  const ec2 = new EC2Client({
    region: emulator.region,
    endpoint: url,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  const close = async () => {
    ec2.destroy();
    await emulator.close();
  };
  return { emulator, vpcId, subnetId, url, ec2, close };
}

/** What a call failed with: the SDK's error name is EC2's code. */
export async function failureOf(call: Promise<unknown>): Promise<{
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
}> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as {
      name: string;
      message: string;
      $metadata?: { httpStatusCode?: number };
    };
    return { code: name, message, status: $metadata?.httpStatusCode };
  }
  throw new TypeError('expected the call to fail');
}
