// Time and memory of the launcher alone.
import { measureLauncher } from './launcher/measure-launcher.ts';

const figures = await measureLauncher();
console.log(
  process.argv.includes('--json')
    ? JSON.stringify({ bench: 'launcher', figures })
    : Object.entries(figures)
        .map(([name, value]) => `${name.padEnd(26)}${value}`)
        .join('\n'),
);
