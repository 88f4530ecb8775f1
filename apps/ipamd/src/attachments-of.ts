interface Held {
  readonly key: {
    readonly networkName: string;
    readonly containerId: string;
    readonly interfaceName: string;
  };
  /** Missing for pods that have an ENI of their own, and so one address. */
  readonly networkCardIndex?: number;
}

/**
 * What is held, attachment by attachment. The place of an address among those of its attachment, by network
 * card ascending, is the number of the pod's interface that has it.
 */
export function attachmentsOf<T extends Held>(held: readonly T[]): readonly (readonly T[])[] {
  const idOf = ({ key: { networkName, containerId, interfaceName } }: T) =>
    JSON.stringify([networkName, containerId, interfaceName]);
  const cardOf = ({ networkCardIndex = 0 }: T) => networkCardIndex;
  return [...Map.groupBy(held, idOf).values()].map((all) =>
    all.toSorted((a, b) => cardOf(a) - cardOf(b)),
  );
}
