import { readFile } from 'node:fs/promises';

/** Of one tick in /proc/PID/stat: proc(5), sysconf(_SC_CLK_TCK); 100 on every architecture Linux counts here. */
const MS_PER_TICK = 10;

/** Resident memory, page by page: the counters of /proc/PID/status are only brought up to date now and then. */
export async function residentKib(pid: number): Promise<number> {
  const maps = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Rss:\s+(\d+) kB$/m.exec(maps)?.[1]);
}

/** The most it ever had. */
export async function peakKib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
}

/** CPU time so far, user and system. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in parentheses and may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
