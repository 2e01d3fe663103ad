import type { Clock } from './clock.js';
import { type Files, FileWriteError } from './files.js';
import { waitWithin } from './wait-within.js';

/**
 * Files whose writes have ended within a time, one way or the other: a disk that hangs (a network drive, a
 * failing one) would otherwise hold up whoever waits for it for ever, and without a word. A write that was
 * given up may still happen, at any time and over a later one: its outcome is unknown, which ends the process.
 */
export class BoundedFiles implements Files {
  private readonly files: Files;
  private readonly clock: Clock;
  private readonly writeTimeoutMs: number;

  constructor(files: Files, clock: Clock, writeTimeoutMs: number) {
    this.files = files;
    this.clock = clock;
    this.writeTimeoutMs = writeTimeoutMs;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.files.read(path);
  }

  writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    return this.inTime(path, this.files.writeAtomically(path, bytes));
  }

  writeNew(path: string, bytes: Uint8Array): Promise<void> {
    return this.inTime(path, this.files.writeNew(path, bytes));
  }

  list(folder: string): Promise<string[]> {
    return this.files.list(folder);
  }

  remove(path: string): Promise<void> {
    return this.files.remove(path);
  }

  private async inTime(path: string, write: Promise<void>): Promise<void> {
    if (await waitWithin(this.clock, this.writeTimeoutMs, write)) return;
    throw new FileWriteError(
      `${path} was not on disk within ${this.writeTimeoutMs} ms. Check the disk of the state folder, then start again.`,
      'unknown',
    );
  }
}
