import { badRequest } from './api-error.ts';
import { at, isJsonObject } from './json.ts';
import type { KubeObject } from './kube-object.ts';
import { apiVersionOf, type ResourceType } from './resource-type.ts';

/** Whether an object is among those that a request speaks of. */
export type Selector = (object: KubeObject) => boolean;

const everything: Selector = () => true;
const all =
  (selectors: readonly Selector[]): Selector =>
  (object) =>
    selectors.every((selects) => selects(object));

/** Commas inside parentheses do not separate. */
const requirementsOf = (text: string): readonly string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((requirement) => requirement.trim())
    .filter((requirement) => requirement !== '');

const labelOf = ({ metadata: { labels } }: KubeObject, key: string): string | undefined => {
  const value = isJsonObject(labels) ? labels[key] : undefined;
  return typeof value === 'string' ? value : undefined;
};

/**
 * Reads a label selector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`.
 *
 * @throws {ApiError} 400 when it is none.
 */
export const labelSelector = (text: string): Selector =>
  text === '' ? everything : all(requirementsOf(text).map(labelRequirement));

function labelRequirement(requirement: string): Selector {
  const [, setKey, operator, list = ''] =
    /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(requirement) ?? [];
  if (setKey !== undefined) {
    const values = list.split(',').map((value) => value.trim());
    return (object) => {
      const value = labelOf(object, setKey);
      const isIn = value !== undefined && values.includes(value);
      return operator === 'in' ? isIn : !isIn;
    };
  }
  const [, key, sign, value] = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(requirement) ?? [];
  if (key !== undefined) {
    return (object) => (labelOf(object, key) === value) === (sign !== '!=');
  }
  const [, not, wanted] = /^(!?)([^=!\s]+)$/.exec(requirement) ?? [];
  if (wanted === undefined) {
    throw badRequest(`unable to parse requirement: found '${requirement}'`);
  }
  return (object) => (labelOf(object, wanted) !== undefined) === (not === '');
}

const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];

/**
 * Reads a field selector: `path=value`, `path==value` and `path!=value` of paths that the type allows.
 *
 * @throws {ApiError} 400 for other paths, in Kubernetes' words.
 */
export function fieldSelector(text: string, type: ResourceType): Selector {
  if (text === '') return everything;
  return all(
    requirementsOf(text).map((requirement) => {
      const [, path = '', sign, value = ''] = /^([^=!]+)(==?|!=)(.*)$/.exec(requirement) ?? [];
      if (path === '')
        throw badRequest(`invalid selector: '${text}'; can't understand '${requirement}'`);
      if (![...COMMON_FIELDS, ...type.selectableFields].includes(path)) {
        throw badRequest(
          `Unable to find "${apiVersionOf(type)}, Resource=${type.plural}" that match label selector "", field selector "${text}": field label not supported: ${path}`,
        );
      }
      return (object) => (fieldText(object, path) === value) === (sign !== '!=');
    }),
  );
}

/** Fields that are not there compare as an empty text, and as `false`. */
function fieldText(object: KubeObject, path: string): string {
  const value = at(object, path);
  if (path === 'spec.unschedulable') return String(value === true);
  // An event's source is selected by the component in it.
  if (path === 'source') return String(at(object, 'source.component') ?? '');
  return value === undefined || value === null ? '' : String(value);
}
