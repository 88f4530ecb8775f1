/**
 * How the text of a variable becomes a value. The two-letter classes are those that the programs of the
 * AWS VPC CNI have, with what they make of a variable that is set but empty, and of one they cannot read:
 *
 * | class | accepts | empty | unreadable |
 * |---|---|---|---|
 * | `BA` | `1 t T TRUE true True 0 f F FALSE false False` | as unreadable | default, with a notice |
 * | `BB` | the same | default | default, with a notice |
 * | `IA` | a whole decimal number, perhaps signed | as unreadable | default, with a notice; the installer refuses |
 * | `IB` | the same, within its range | default | default, with a notice |
 * | `IX` | as `IB`, or hexadecimal after `0x` | default | default, with a notice |
 * | `SA` | any text | a value like others | – |
 * | `SB` | any text | default | – |
 * | `CIDRS` | IPv4 CIDRs separated by commas | none | the entry is left out, with a notice |
 */
export type ParserClass = 'BA' | 'BB' | 'IA' | 'IB' | 'IX' | 'SA' | 'SB' | 'CIDRS';

/** An IPv4 network; host bits are zero. */
export type Ipv4Cidr = `${number}.${number}.${number}.${number}/${number}`;

/** What the text of each class becomes. */
export interface ParsedAs {
  readonly BA: boolean;
  readonly BB: boolean;
  readonly IA: number;
  readonly IB: number;
  readonly IX: number;
  readonly SA: string;
  readonly SB: string;
  readonly CIDRS: readonly Ipv4Cidr[];
}

/**
 * Programs that read settings: the installer in the init container, the installer in the main one, the
 * daemon, and what the container runtime executes.
 */
export type Reader = 'init' | 'entry' | 'ipamd' | 'plugin';

/**
 * - `seed`: since before release 1.11 of the AWS VPC CNI
 * - `newer`: came later, see `since`
 * - `ours`: not of the AWS VPC CNI
 * - `inert`: accepted, and read by nobody
 * - `ambient`: of the AWS SDK, and honoured here as there
 */
export type SettingStatus = 'seed' | 'newer' | 'ours' | 'inert' | 'ambient';

/** Containers of the DaemonSet `aws-node` that the manifest gives settings. */
export type Container = 'aws-vpc-cni-init' | 'aws-node';

/** A value of the manifest: a text, or where Kubernetes (downward API) or the release has it from. */
export type ManifestValue =
  | string
  | { readonly fieldPath: string }
  | { readonly release: 'version' };

/** One row of the table. */
export interface Setting {
  readonly parser: ParserClass;
  /** Of a program that has no such variable; `undefined` where that means something of its own. */
  readonly byDefault: boolean | number | string | readonly string[] | undefined;
  /** In words, for a default that other settings decide or that `byDefault` cannot say. */
  readonly defaultMeans?: string;
  /** The default follows from other settings, so that there always is a value. */
  readonly isComputed?: true;
  /** For `IA`, `IB` and `IX`: least and, perhaps, greatest. */
  readonly range?: readonly [min: number, max?: number];
  /** For `SA` and `SB`: the texts that mean something. */
  readonly choices?: readonly string[];
  /** Whether case matters among `choices`. Default: it does. */
  readonly anyCase?: true;
  readonly unit?: 'seconds' | 'bytes';
  /** For `SA`: empty is the default all the same, with a notice, because the AWS VPC CNI would break on it. */
  readonly emptyIsDefault?: true;
  /** By container; what is not listed is absent from the manifest. */
  readonly manifest?: { readonly [C in Container]?: ManifestValue };
  readonly readBy: readonly Reader[];
  readonly status: SettingStatus;
  /** First release of the AWS VPC CNI that has it, or has it no longer. */
  readonly since?: string;
  readonly effect: string;
  /** What happens with a value that cannot be used, where that is not what the class says. */
  readonly invalid?: string;
}

export type SettingTable = Readonly<Record<string, Setting>>;
