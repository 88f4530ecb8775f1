#!/usr/bin/env node
import { versionsStartingFrom } from '@vpc-cni/cni-spec';
import { runPlugin } from '@vpc-cni/cni-spec/plugin';
import { handlers } from './veth-handlers.ts';

await runPlugin(handlers, {
  supportedVersions: versionsStartingFrom('0.4.0'),
  about: 'veth: connects a pod to the node with a pair of virtual links',
});
