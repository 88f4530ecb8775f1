import { addressText, type LinkAddress } from '../netlink/address.ts';
import type { LinkChange } from '../netlink/link.ts';
import { type Neighbour, neighbourText } from '../netlink/neighbour.ts';
import { type Route, routeText } from '../netlink/route.ts';
import { type Rule, type RuleSelector, ruleText } from '../netlink/rule.ts';
import { linkWords, sysctlWords } from './explain.ts';
import type { DesiredLink, DesiredSysctl } from './network-description.ts';

/** One step from what is to what must be. */
export type NetworkChange =
  | { readonly kind: 'sysctl'; readonly verb: 'write'; readonly sysctl: DesiredSysctl }
  | { readonly kind: 'link'; readonly verb: 'create' | 'recreate'; readonly link: DesiredLink }
  | {
      readonly kind: 'link';
      readonly verb: 'change';
      readonly link: DesiredLink;
      readonly change: LinkChange;
    }
  | {
      readonly kind: 'address';
      readonly verb: 'add' | 'delete';
      readonly address: LinkAddress;
    }
  | {
      readonly kind: 'route';
      /** `add` where another route to the same place is an error, `replace` where it makes way. */
      readonly verb: 'add' | 'replace' | 'delete';
      readonly route: Route;
    }
  /** `clear` takes away every rule that matches, `delete` one. */
  | { readonly kind: 'rule'; readonly verb: 'delete'; readonly rule: RuleSelector }
  | { readonly kind: 'rule'; readonly verb: 'clear'; readonly rule: RuleSelector }
  | { readonly kind: 'rule'; readonly verb: 'add'; readonly rule: Rule }
  | { readonly kind: 'neighbour'; readonly verb: 'replace'; readonly neighbour: Neighbour };

/** The change for people: `rule add 512: from all to 10.0.40.77 lookup main`. */
export const changeText = (change: NetworkChange): string =>
  `${change.kind} ${change.verb} ${objectText(change)}`;

/** What the change is about, in the words of ip(8) and sysctl(8). */
export function objectText(change: NetworkChange): string {
  switch (change.kind) {
    case 'sysctl':
      return sysctlWords(change.sysctl);
    case 'link':
      return linkWords(change.link);
    case 'address':
      return addressText(change.address);
    case 'route':
      return routeText(change.route);
    case 'rule':
      return ruleText(change.rule);
    case 'neighbour':
      return neighbourText(change.neighbour);
  }
}
