import { existsSync } from 'node:fs';

/** What Playwright is to launch. */
export interface BrowserLaunch {
  readonly executablePath: string;
  readonly args: string[];
}

/**
 * The browser that `tools/setup.sh tests` found or brought, kept from calling anybody.
 *
 * @throws {Error} when there is none.
 */
export function browserOnThisMachine(): BrowserLaunch {
  const executablePath = [
    process.env['BROWSER_PATH'] ?? '',
    ...['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`),
  ].find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error('no browser on this machine: run tools/setup.sh tests');
  }
  return {
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
}
