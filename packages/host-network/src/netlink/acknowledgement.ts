import { attributeNumber, decodeAttributes } from './attribute.ts';
import { type ByteOrder, readText, requireBytes, viewOf } from './byte-reader.ts';
import { type Message, NLMSG_DONE, NLMSGHDR_LENGTH } from './message.ts';

// struct nlmsgerr, <linux/netlink.h>, read at v6.12
//   0  i32              error   zero or a negative errno (host order)
//   4  struct nlmsghdr  msg     the request's header; its payload follows unless NLM_F_CAPPED is set
// then, with NLM_F_ACK_TLVS, attributes NLMSGERR_ATTR_*. NLMSG_DONE carries the i32 and the attributes only.
const NLMSGERR_LENGTH = 4 + NLMSGHDR_LENGTH;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;

export interface Acknowledgement {
  /** A positive errno, or 0 for success. */
  readonly errno: number;
  /** The kernel's own words about the refusal; empty when it gave none. */
  readonly reason: string;
}

/** Reads NLMSG_ERROR (success included) or NLMSG_DONE. */
export function decodeAcknowledgement(message: Message, order: ByteOrder): Acknowledgement {
  const { payload, flags } = message;
  if (message.type === NLMSG_DONE && payload.length === 0) return { errno: 0, reason: '' };
  requireBytes(payload, 4, 'nlmsgerr');
  const errno = Math.abs(viewOf(payload).getInt32(0, order === 'little'));
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, reason: '' };
  const attributes = decodeAttributes(
    payload.subarray(attributesOffset(message, order)),
    order,
    'nlmsgerr',
  );
  const text = attributes.find((attribute) => attributeNumber(attribute) === NLMSGERR_ATTR_MSG);
  return { errno, reason: text === undefined ? '' : readText(text.value) };
}

function attributesOffset({ type, flags, payload }: Message, order: ByteOrder): number {
  if (type === NLMSG_DONE) return 4;
  requireBytes(payload, NLMSGERR_LENGTH, 'nlmsgerr');
  if ((flags & NLM_F_CAPPED) !== 0) return NLMSGERR_LENGTH;
  const requestLength = viewOf(payload).getUint32(4, order === 'little');
  return 4 + ((requestLength + 3) & ~3);
}
