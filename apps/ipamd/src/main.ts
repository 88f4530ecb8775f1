import './small-heap.ts';

const args = process.argv.slice(2);
if (args.length === 0) {
  const { serve } = await import('./serve.ts');
  await serve(process.env);
} else {
  const { configCommand } = await import('./config-command.ts');
  const { exitCode, stdout, stderr } = configCommand(args, process.env);
  process.stderr.write(stderr);
  process.stdout.write(stdout);
  process.exitCode = exitCode;
}
