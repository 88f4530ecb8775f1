import type { ParsedAs, Reader, Setting } from './setting.ts';
import { addressMode } from './table/address-mode.ts';
import { customNetworking } from './table/custom-networking.ts';
import { diagnostics } from './table/diagnostics.ts';
import { enisAndEc2 } from './table/enis-and-ec2.ts';
import { hostNetwork } from './table/host-network.ts';
import { inert } from './table/inert.ts';
import { installation } from './table/installation.ts';
import { ours } from './table/ours.ts';
import { podsAndPolicy } from './table/pods-and-policy.ts';
import { warmPool } from './table/warm-pool.ts';

/** Every setting there is, by variable. Whatever reads, checks, explains or documents settings starts here. */
export const settings = {
  ...addressMode,
  ...warmPool,
  ...enisAndEc2,
  ...customNetworking,
  ...hostNetwork,
  ...podsAndPolicy,
  ...diagnostics,
  ...installation,
  ...ours,
  ...inert,
} as const;

/** The same, as a page has it. */
export const settingGroups = [
  { title: 'IP family and address mode', settings: addressMode },
  { title: 'Warm pool', settings: warmPool },
  { title: 'ENIs and EC2', settings: enisAndEc2 },
  { title: 'Custom networking', settings: customNetworking },
  { title: 'SNAT, routing, MTU and names', settings: hostNetwork },
  { title: 'Security groups for pods, network policy, chained plugins', settings: podsAndPolicy },
  { title: 'Logs, metrics and introspection', settings: diagnostics },
  { title: 'Installation, identity and Kubernetes', settings: installation },
  { title: 'Additions of ours', settings: ours },
  { title: 'Accepted, and without effect', settings: inert },
] as const;

export type Variable = keyof typeof settings;

export const isVariable = (name: string): name is Variable => Object.hasOwn(settings, name);

/** Every variable, in the order of the table. */
export const variables = Object.keys(settings) as readonly Variable[];

/** The row of a variable, without the literal types. */
export const settingOf = (variable: Variable): Setting => settings[variable];

/** Variables whose row says that `R` reads them. */
export type VariableOf<R extends Reader> = {
  [V in Variable]: Extract<R, (typeof settings)[V]['readBy'][number]> extends never ? never : V;
}[Variable];

/** The type of a setting's value, derived from its row. */
export type ValueOf<V extends Variable> = ValueOfRow<(typeof settings)[V]>;

type ValueOfRow<Row extends Setting> =
  | (Row extends { readonly choices: readonly (infer Choice)[] }
      ? Row extends { readonly anyCase: true }
        ? string
        : Choice
      : ParsedAs[Row['parser']])
  | (Row extends { readonly byDefault: undefined }
      ? Row extends { readonly isComputed: true }
        ? never
        : undefined
      : never);
