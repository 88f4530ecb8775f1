import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** How much of a log is kept; the defaults are the AWS VPC CNI's. */
export interface LogLimits {
  /** A file that would grow beyond this becomes a backup. Default: 100 MiB. */
  readonly fileBytes?: number;
  /** Default: 5. */
  readonly backupCount?: number;
  /** Default: 30 days. */
  readonly backupAgeMs?: number;
}

/** Where lines go. */
export interface LogFile {
  /** Lines that cannot be written are lost; a full disk must not end the daemon. */
  write(line: string): void;
  /** Once the backups of earlier lines are compressed. */
  settled(): Promise<void>;
}

/**
 * A log that fills no disk: `ipamd.log`, and behind it `ipamd-<UTC time>.log.gz`.
 *
 * @throws {Error} when the file cannot be opened.
 */
export function openLogFile(
  path: string,
  {
    fileBytes = 100 * 1024 * 1024,
    backupCount = 5,
    backupAgeMs = 30 * 24 * 3_600_000,
  }: LogLimits = {},
  wallNowMs: () => number = Date.now,
): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  const open = () => openSync(path, 'a', 0o644);
  let fd = open();
  const opened = fstatSync(fd);
  // A device or a pipe, such as /dev/null, never fills and is not ours to rename.
  const limitBytes = opened.isFile() ? fileBytes : Number.POSITIVE_INFINITY;
  let sizeBytes = opened.size;
  let compressing = Promise.resolve();

  function turnOver(): void {
    // Tried again when as much has been written again.
    sizeBytes = 0;
    const backup = backupPath(path, wallNowMs());
    renameSync(path, backup);
    const full = fd;
    fd = open();
    closeSync(full);
    // Of a backup that cannot be compressed or removed nobody needs to know before the disk is full.
    compressing = compressing
      .then(() => compress(backup))
      .then(() => removeOld(path, { backupCount, bornAfterMs: wallNowMs() - backupAgeMs }))
      .catch(() => {});
  }

  return {
    write: (line) => {
      const bytes = Buffer.from(line);
      const isFull = sizeBytes > 0 && sizeBytes + bytes.length > limitBytes;
      if (isFull) orSay(turnOver);
      orSay(() => {
        sizeBytes += writeSync(fd, bytes);
      });
    },
    settled: () => compressing,
  };
}

function orSay(step: () => void): void {
  try {
    step();
  } catch (error) {
    process.stderr.write(`the log: ${error instanceof Error ? error.message : error}\n`);
  }
}

/** `/…/ipamd-2026-05-04T09-30-12.000.log`, which sorts by time. */
function backupPath(path: string, atMs: number): string {
  const time = new Date(atMs).toISOString().replaceAll(':', '-').replace('Z', '');
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}-${time}${extension}`);
}

async function compress(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz`));
  await rm(path);
}

const BACKUP_TIME = /-(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3})$/;

async function removeOld(
  path: string,
  { backupCount, bornAfterMs }: { readonly backupCount: number; readonly bornAfterMs: number },
): Promise<void> {
  const ending = `${extname(path)}.gz`;
  const prefix = `${basename(path, extname(path))}-`;
  const backups = (await readdir(dirname(path)))
    .filter((name) => name.startsWith(prefix) && name.endsWith(ending))
    .map((name) => ({ name, bornAtMs: bornAtMs(name.slice(0, -ending.length)) }))
    .filter(({ bornAtMs }) => !Number.isNaN(bornAtMs))
    .sort((one, other) => other.bornAtMs - one.bornAtMs);
  const old = backups.filter(
    ({ bornAtMs }, index) => index >= backupCount || bornAtMs < bornAfterMs,
  );
  await Promise.all(old.map(({ name }) => rm(join(dirname(path), name), { force: true })));
}

/** NaN for names that are not of a backup. */
const bornAtMs = (name: string): number =>
  Date.parse((BACKUP_TIME.exec(name) ?? []).slice(1).join(':').replace('T:', 'T').concat('Z'));
