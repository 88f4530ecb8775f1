/** Id of an elastic network interface, `eni-…`. */
export type EniId = `eni-${string}`;
/** Id of an ENI attachment, `eni-attach-…`. */
export type EniAttachmentId = `eni-attach-${string}`;
/** Id of a subnet, `subnet-…`. */
export type SubnetId = `subnet-${string}`;
/** Id of a VPC, `vpc-…`. */
export type VpcId = `vpc-${string}`;
/** Id of an instance, `i-…`. */
export type InstanceId = `i-${string}`;
/** Id of a subnet CIDR reservation, `scr-…`. */
export type CidrReservationId = `scr-${string}`;
/** Id of a security group, `sg-…`. */
export type SecurityGroupId = `sg-${string}`;

/**
 * Makes ids and MAC addresses in a fixed order, so that two runs of the same script see the same
 * names. The shape is EC2's: a kind and 17 hexadecimal digits.
 */
export class IdSource {
  readonly #last = new Map<string, number>();

  vpc(): VpcId {
    return `vpc-${this.#digits('vpc')}`;
  }

  subnet(): SubnetId {
    return `subnet-${this.#digits('subnet')}`;
  }

  cidrReservation(): CidrReservationId {
    return `scr-${this.#digits('scr')}`;
  }

  securityGroup(): SecurityGroupId {
    return `sg-${this.#digits('sg')}`;
  }

  instance(): InstanceId {
    return `i-${this.#digits('i')}`;
  }

  eni(): EniId {
    return `eni-${this.#digits('eni')}`;
  }

  attachment(): EniAttachmentId {
    return `eni-attach-${this.#digits('eni-attach')}`;
  }

  reservation(): string {
    return `r-${this.#digits('r')}`;
  }

  /** A locally administered unicast MAC address. */
  mac(): string {
    const octets = this.#next('mac').toString(16).padStart(8, '0').match(/../g) ?? [];
    return ['02', 'ec', ...octets].join(':');
  }

  #digits(kind: string): string {
    return `0${this.#next(kind).toString(16).padStart(16, '0')}`;
  }

  #next(kind: string): number {
    const next = (this.#last.get(kind) ?? 0) + 1;
    this.#last.set(kind, next);
    return next;
  }
}
