import {
  aroundEachCall,
  EC2_ACTIONS,
  type Ec2NetworkPort,
  EniAllocatorError,
} from '@vpc-cni/eni-allocator';

/** With `ENABLE_IMDS_ONLY_MODE`: no call gets through, whoever makes it. */
export const withheldEc2 = (ec2: Ec2NetworkPort): Ec2NetworkPort =>
  aroundEachCall(ec2, async (operation) => {
    const action = `ec2:${EC2_ACTIONS[operation]}`;
    throw new EniAllocatorError(
      'not-permitted',
      `${action} is not called, because ENABLE_IMDS_ONLY_MODE is true; set it to false to let the node ask EC2`,
      { facts: { operation } },
    );
  });
