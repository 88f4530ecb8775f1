import type { DesiredSysctl, SysctlValue } from './network-description.ts';

/**
 * Keeps a link from listening to the router advertisements of a pod or a subnet. In place before the link
 * goes up, or it may listen for a moment.
 */
export const routerAdvertisementSettings = (linkName: string): readonly DesiredSysctl[] => [
  ipv6Setting(linkName, 'accept_ra', '0'),
  ipv6Setting(linkName, 'accept_redirects', '1'),
  ipv6Setting(linkName, 'forwarding', '0'),
];

/** What a link's settings were found to be. */
export const ipv6SettingsOf = (
  linkName: string,
  values: ReadonlyMap<string, string>,
): readonly SysctlValue[] =>
  [...values].map(([name, value]) => ({ key: `net/ipv6/conf/${linkName}/${name}`, value }));

/** `isOptional`: a kernel may do without IPv6. */
export const ipv6Setting = (linkName: string, name: string, value: string): DesiredSysctl => ({
  key: `net/ipv6/conf/${linkName}/${name}`,
  value,
  isOptional: true,
});
