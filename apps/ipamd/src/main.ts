import './small-heap.ts';
import { toldToEnd } from './told-to-end.ts';

const args = process.argv.slice(2);
if (args.length === 0) {
  const signal = toldToEnd();
  const { serve } = await import('./serve.ts');
  await serve(process.env, signal);
} else {
  const { configCommand } = await import('./config-command.ts');
  const { exitCode, stdout, stderr } = configCommand(args, process.env);
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exitCode = exitCode;
}
