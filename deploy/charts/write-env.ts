// Writes the variables of both containers into the chart's values, from the table of settings:
//
//   node --conditions=@vpc-cni/source deploy/charts/write-env.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { type Container, manifestEnv } from '@vpc-cni/config';
import { parse, stringify } from 'yaml';

const at = (path: string) => new URL(`aws-vpc-cni/${path}`, import.meta.url);

export const valuesText = () => readFileSync(at('values.yaml'), 'utf8');

/** The values with what the table says at `env` and `init.env`; what the downward API fills in is the template's. */
export function withEnv(values: string): string {
  const { appVersion } = parse(readFileSync(at('Chart.yaml'), 'utf8'));
  const block = (container: Container, indent: string) => {
    const entries = manifestEnv(container, { version: appVersion }).flatMap((variable) =>
      'value' in variable ? [[variable.name, variable.value] as const] : [],
    );
    const lines = stringify(Object.fromEntries(entries)).trim().split('\n');
    return `${indent}env:\n${lines.map((line) => `${indent}  ${line}\n`).join('')}`;
  };
  return values
    .replace(/^env:\n( {2}.*\n)+/m, block('aws-node', ''))
    .replace(/^ {2}env:\n( {4}.*\n)+/m, block('aws-vpc-cni-init', '  '));
}

if (import.meta.main) writeFileSync(at('values.yaml'), withEnv(valuesText()));
