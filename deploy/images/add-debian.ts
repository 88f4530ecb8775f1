// Reads a CycloneDX document and prints it with the Debian packages that an image's status.d names, and with its Node.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

interface Component {
  readonly type: 'library' | 'application';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

const [root = '/'] = process.argv.slice(2);
const directory = join(root, 'var/lib/dpkg/status.d');

const debian = readdirSync(directory).map((file): Component => {
  const status = readFileSync(join(directory, file), 'utf8');
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(status)?.[1] ?? '';
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(field) as [
    string,
    string,
    string,
  ];
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
  return { type: 'library', name, version, purl };
});

const node: Component = {
  type: 'application',
  name: 'node',
  version: process.versions.node,
  purl: `pkg:generic/node@${process.versions.node}`,
};

const document = JSON.parse(await text(process.stdin));
const components = [...document.components, node, ...debian];
process.stdout.write(`${JSON.stringify({ ...document, components }, undefined, 2)}\n`);
