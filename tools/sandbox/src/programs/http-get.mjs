// http-get.mjs URL: prints the body, fails after two seconds.
const response = await fetch(process.argv[2], { signal: AbortSignal.timeout(2000) });
process.stdout.write(await response.text());
