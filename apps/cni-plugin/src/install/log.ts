/** How the installer tells what it does. */
export type Log = (level: 'info' | 'warning' | 'error', message: string) => void;

/** Text lines as the AWS VPC CNI's containers write them: `time=… level=… msg=…`. */
export const createLog =
  (write: (line: string) => void, nowMs: () => number): Log =>
  (level, message) => {
    const time = new Date(nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    write(`time="${time}" level=${level} msg=${JSON.stringify(message)}\n`);
  };
