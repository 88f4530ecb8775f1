/**
 * `NODE_OPTIONS` of a program that sends itself SIGTERM when it begins to load the module with this in its URL: a moment
 * that no clock would hit.
 */
export function signalOnLoadOf(part: string): string {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        if (url.includes(${JSON.stringify(part)})) process.kill(process.pid, 'SIGTERM');
        return next(url, context);
      },
    });`;
  return `--import=data:text/javascript,${encodeURIComponent(hook)}`;
}
