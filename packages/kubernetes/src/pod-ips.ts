import type { MergePatch, Versioned } from './patch-object.ts';

export const POD_IPS_KEY = 'vpc.amazonaws.com/pod-ips';

/** A pod as far as the annotation of its addresses is concerned. */
export interface AnnotatedPod extends Versioned {
  readonly metadata?: NonNullable<Versioned['metadata']> & {
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Writes a pod's address into its annotations; `undefined` when it is there. */
export const annotateIpPatch = (
  { metadata }: AnnotatedPod,
  address: string,
): MergePatch | undefined =>
  metadata?.annotations?.[POD_IPS_KEY] === address ? undefined : ipsPatch(address);

/** Empties the annotation of an address that the pod has lost; another one is none of ours. */
export const forgetIpPatch = (
  { metadata }: AnnotatedPod,
  address: string,
): MergePatch | undefined =>
  metadata?.annotations?.[POD_IPS_KEY] === address ? ipsPatch('') : undefined;

const ipsPatch = (text: string): MergePatch => ({
  metadata: { annotations: { [POD_IPS_KEY]: text } },
});
