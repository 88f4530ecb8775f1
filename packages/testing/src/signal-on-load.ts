/**
 * `NODE_OPTIONS` of a program that sends itself SIGTERM when it begins to load the module whose URL ends so: a moment that
 * no clock would hit.
 */
export function signalOnLoadOf(end: string): string {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        if (url.endsWith(${JSON.stringify(end)})) process.kill(process.pid, 'SIGTERM');
        return next(url, context);
      },
    });`;
  return `--import=data:text/javascript,${encodeURIComponent(hook)}`;
}
