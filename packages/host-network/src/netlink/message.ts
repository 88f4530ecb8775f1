import { HostNetworkError } from '../host-network-error.ts';
import { type ByteOrder, requireBytes, viewOf } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

// struct nlmsghdr, <linux/netlink.h>, read at v6.12
//   0  u32  nlmsg_len     header and payload, without padding (host order, as all fields)
//   4  u16  nlmsg_type
//   6  u16  nlmsg_flags
//   8  u32  nlmsg_seq
//  12  u32  nlmsg_pid
export const NLMSGHDR_LENGTH = 16;

/** No message we exchange comes near this; the kernel builds dumps in pieces of at most 32 KiB. */
export const MESSAGE_CEILING_BYTES = 65_536;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x01;
export const NLM_F_ACK = 0x04;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_DUMP = 0x300;

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  /** When it was received, a view on what the read returned. */
  readonly payload: Uint8Array;
}

/** Puts messages together for one write. @throws {RangeError} when one is too long. */
export function encodeMessages(messages: readonly Message[], order: ByteOrder): Uint8Array {
  const sizes = messages.map(({ payload }) => (NLMSGHDR_LENGTH + payload.length + 3) & ~3);
  const writer = new ByteWriter(
    order,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  for (const message of messages) writeMessage(writer, message);
  return writer.finish();
}

function writeMessage(writer: ByteWriter, message: Message): void {
  const { type, flags, sequence, portId, payload } = message;
  const length = NLMSGHDR_LENGTH + payload.length;
  if (length > MESSAGE_CEILING_BYTES) {
    throw new RangeError(`netlink message of ${length} bytes exceeds ${MESSAGE_CEILING_BYTES}`);
  }
  writer.u32(length).u16(type).u16(flags).u32(sequence).u32(portId).bytes(payload).pad();
}

/** Splits what one read returned into messages. */
export function decodeMessages(bytes: Uint8Array, order: ByteOrder): readonly Message[] {
  const view = viewOf(bytes);
  const little = order === 'little';
  const messages: Message[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    requireBytes(bytes, NLMSGHDR_LENGTH, 'nlmsghdr', offset);
    const length = view.getUint32(offset, little);
    if (length < NLMSGHDR_LENGTH) {
      throw new HostNetworkError(
        'malformed-message',
        `decoding nlmsghdr at offset ${offset}: its length ${length} is below its own header`,
        { facts: { structure: 'nlmsghdr', needed: NLMSGHDR_LENGTH, available: length, offset } },
      );
    }
    requireBytes(bytes, length, 'netlink message', offset);
    messages.push({
      type: view.getUint16(offset + 4, little),
      flags: view.getUint16(offset + 6, little),
      sequence: view.getUint32(offset + 8, little),
      portId: view.getUint32(offset + 12, little),
      payload: bytes.subarray(offset + NLMSGHDR_LENGTH, offset + length),
    });
    offset += (length + 3) & ~3;
  }
  return messages;
}
