import type { Json, JsonObject } from './json.ts';
import { at } from './json.ts';
import type { KubeObject } from './kube-object.ts';
import { NEWER_EVENTS, type ResourceType } from './resource-type.ts';

/** Names of an event's fields in the core group, and in `events.k8s.io`. */
const FIELD_NAMES: readonly (readonly [core: string, newer: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

function renamed(object: KubeObject, apiVersion: string, names: ReadonlyMap<string, string>) {
  const fields = Object.entries(object).map(
    ([name, value]) => [names.get(name) ?? name, value] as const,
  );
  return { ...(Object.fromEntries(fields) as JsonObject), apiVersion } as KubeObject;
}

const toNewer = new Map(FIELD_NAMES);
const toCore = new Map(FIELD_NAMES.map(([core, newer]) => [newer, core]));

/** An object as it is stored: events in the form of the core group. */
export function toStored(type: ResourceType, object: KubeObject): KubeObject {
  if (type !== NEWER_EVENTS) return object;
  return renamed(object, 'v1', toCore);
}

/** A stored object in the form of the type that it is asked for by. */
export function fromStored(type: ResourceType, object: KubeObject): KubeObject {
  if (type !== NEWER_EVENTS) return object;
  return renamed(object, 'events.k8s.io/v1', toNewer);
}

/**
 * What is wrong with a new event in the newer form, if anything.
 *
 * @see k8s.io/kubernetes/pkg/apis/core/validation/events.go
 */
export function eventComplaint(type: ResourceType, event: KubeObject): string | undefined {
  if (type !== NEWER_EVENTS) return undefined;
  const missing = (path: string) => at(event, path) === undefined || at(event, path) === '';
  const required = ['eventTime', 'reportingController', 'reportingInstance', 'action', 'reason'];
  const absent = required.find(missing);
  if (absent !== undefined) return `${absent}: Required value`;
  const eventType: Json | undefined = event['type'];
  if (eventType !== 'Normal' && eventType !== 'Warning') {
    return `type: Invalid value: ${JSON.stringify(eventType ?? '')}: has invalid value: ${eventType ?? ''}`;
  }
  const namespace = at(event, 'regarding.namespace') ?? 'default';
  return namespace === at(event, 'metadata.namespace')
    ? undefined
    : 'involvedObject.namespace: Invalid value: does not match event.namespace';
}
