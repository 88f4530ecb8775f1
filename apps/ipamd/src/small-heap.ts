// Imported first, before what would make the heap grow.
import { setFlagsFromString } from 'node:v8';

// V8 doubles the space for young objects, to 128 MiB, as long as a collection finds survivors, and never gives it
// back. With a pool for a hundred pods an ADD takes as long with the smallest; with one for 400 it takes a fifth
// longer. Both flags are read when a space would grow, so they can be set in a running process.
setFlagsFromString('--semi-space-growth-factor=1');
// The space for old objects may be a fifth larger than what was alive at the last collection, else four times
// as large. `--optimize-for-size` keeps it as small, and takes a tenth more time for a pod.
setFlagsFromString('--heap-growing-percent=20');
