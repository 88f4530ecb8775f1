import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));

const pages = globSync('**/*.md', {
  cwd: workspaceRoot,
  exclude: (name) => ['node_modules', 'dist', '.git', '.changeset'].includes(name),
});

const isOfCluster = (command: string) => /^\s*(kubectl|helm) /m.test(command);

/** Lines that go on, and loops, are one command. */
const commandsOfBlock = (block: string): readonly string[] =>
  block.match(/^ *for [^\n]*\n[\s\S]*?^ *done$|^(?:[^\n]*\\\n)*[^\n]+$/gm) ?? [];

/** In text, a verb alone is a mention. */
const isWhole = (command: string) => command.replaceAll(/ -n \S+/g, '').split(' ').length > 2;

function commandsOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)]
    .filter(([, , language = '', block = '']) => language === '' && isOfCluster(block))
    .map(([, indent = '', , block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
  const spans = [...text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`\n]+)`/g)]
    .map(([, span = '']) => span)
    .filter((span) => isOfCluster(span) && isWhole(span));
  return [...blocks.flatMap(commandsOfBlock), ...spans];
}

/** Every command that a page of this repository tells its readers to give to kubectl or Helm, with its company. */
export const commandsOfPages: ReadonlySet<string> = new Set(
  pages.flatMap((page) => commandsOf(readFileSync(`${workspaceRoot}/${page}`, 'utf8'))),
);
