import './small-heap.ts';
import { configCommand } from './config-command.ts';
import { serve } from './serve.ts';

const args = process.argv.slice(2);
if (args.length === 0) {
  await serve(process.env);
} else {
  const { exitCode, stdout, stderr } = configCommand(args, process.env);
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exitCode = exitCode;
}
