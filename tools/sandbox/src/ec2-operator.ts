/** What an operator does to a node's ENIs behind the daemon's back, over EC2's own API. */
export interface Ec2Operator {
  detach(attachmentId: string): Promise<void>;
  attach(eniId: string, instanceId: string, deviceIndex: number): Promise<void>;
  /** Tags the ENI so that the daemon leaves it alone; or takes the tag away. */
  setUnmanaged(eniId: string, isUnmanaged: boolean): Promise<void>;
}

export function createEc2Operator(endpoint: string): Ec2Operator {
  const call = async (action: string, parameters: Readonly<Record<string, string>>) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization:
          'AWS4-HMAC-SHA256 Credential=operator/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=00',
      },
      body: new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters }),
    });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
  };
  return {
    detach: (attachmentId) =>
      call('DetachNetworkInterface', { AttachmentId: attachmentId, Force: 'true' }),
    attach: (eniId, instanceId, deviceIndex) =>
      call('AttachNetworkInterface', {
        NetworkInterfaceId: eniId,
        InstanceId: instanceId,
        DeviceIndex: `${deviceIndex}`,
      }),
    setUnmanaged: (eniId, isUnmanaged) =>
      call(isUnmanaged ? 'CreateTags' : 'DeleteTags', {
        'ResourceId.1': eniId,
        'Tag.1.Key': 'node.k8s.amazonaws.com/no_manage',
        'Tag.1.Value': 'true',
      }),
  };
}
