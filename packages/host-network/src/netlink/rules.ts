import type { IpFamily } from '../ip.ts';
import type { Channel } from './channel.ts';
import { familyNumber } from './family.ts';
import { HOST_ORDER } from './host-order.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { type Rule, type RuleSelector, ruleFromMessage, ruleMessage, ruleText } from './rule.ts';
import {
  decodeRuleMessage,
  encodeRuleMessage,
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
} from './rule-message.ts';

// Far above what could ever be there, and far below for ever.
const DELETE_ALL_CEILING = 10_000;

/** The policy rules of one network namespace. Refusals are `kernel-refused` errors, naming the errno. */
export class Rules {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** @returns false when the very same rule was there already. */
  ensure(rule: Rule): boolean {
    return this.#channel.attempt(ruleAddition(rule), 'EEXIST') !== undefined;
  }

  /** Deletes the first rule that matches; what the selector leaves out matches anything. @returns false when none did. */
  delete(selector: RuleSelector): boolean {
    return this.#channel.attempt(ruleDeletion(selector), 'ENOENT') !== undefined;
  }

  /** Deletes every rule that matches. @returns how many there were. */
  deleteAll(selector: RuleSelector): number {
    let count = 0;
    while (count < DELETE_ALL_CEILING && this.delete(selector)) count += 1;
    return count;
  }

  /**
   * The rules of one family that look up a table, in the order they are consulted, by a dump off the
   * JavaScript thread.
   *
   * Of rules the kernel does not say that they changed meanwhile: such a list may lack one, or have one twice.
   */
  list(family: IpFamily = 'ipv4'): Promise<Rule[]> {
    const request = {
      type: RTM_GETRULE,
      flags: 0,
      // Strict checking wants everything but the family to be zero.
      payload: encodeRuleMessage(
        {
          family: familyNumber(family),
          destinationLength: 0,
          sourceLength: 0,
          tos: 0,
          tableId: 0,
          action: 0,
          flags: 0,
          otherAttributes: [],
        },
        HOST_ORDER,
      ),
      operation: 'list',
      object: () => 'rules',
    };
    return this.#channel.list(request, (payload) =>
      ruleFromMessage(decodeRuleMessage(payload, HOST_ORDER)),
    );
  }
}

/** EEXIST when the very same rule is there already. */
export const ruleAddition = (rule: Rule): NetlinkRequest =>
  ruleRequest(RTM_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 'add', rule);

/** ENOENT when no rule matches. */
export const ruleDeletion = (selector: RuleSelector): NetlinkRequest =>
  ruleRequest(RTM_DELRULE, NLM_F_ACK, 'delete', selector);

const ruleRequest = (
  type: number,
  flags: number,
  verb: string,
  rule: RuleSelector,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeRuleMessage(ruleMessage(rule), HOST_ORDER),
  operation: `${verb} rule`,
  object: () => ruleText(rule),
});
