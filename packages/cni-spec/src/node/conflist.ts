// For installers and runtimes: configuration lists as files.

export {
  type ConfFile,
  loadConfDirectory,
  loadConfFile,
  loadConfList,
} from './conf-directory.ts';
export { updateConfList, writeConfList } from './update-conf-list.ts';
