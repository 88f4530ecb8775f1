// Jest transform without a compiler: Node strips the types, lines and columns stay where they are.
import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

const strip = (source) => ({ code: stripTypeScriptTypes(source) });

export default {
  process: strip,
  processAsync: async (source) => strip(source),
  getCacheKey: (source, path) =>
    createHash('sha1').update(`${process.version}\0${path}\0${source}`).digest('hex'),
};
