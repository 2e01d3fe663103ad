import type { Clock } from '../../src/host/clock.js';
import { type Files, FileWriteError, temporaryFileSuffix } from '../../src/host/files.js';
import type { SimulatedRandom } from './simulated-random.js';

/**
 * A disk that outlives the processes that use it. A write is durable only when its promise has resolved; a
 * crash before that leaves nothing, a torn prefix or everything, and removals that no later write in the
 * same folder has made durable may come undone.
 */
export class SimulatedDisk {
  private readonly files = new Map<string, Uint8Array>();
  private readonly unsyncedRemovals = new Map<string, Uint8Array>();
  private readonly writesInFlight = new Set<WriteInFlight>();
  private readonly random: SimulatedRandom;
  /** Asked before each write; the default is a short delay and success. Tests replace it. */
  faults: DiskFaults = noFaults;

  constructor(random: SimulatedRandom) {
    this.random = random;
  }

  /** One process's view; after `crash` none of its promises settles. */
  open(clock: Clock): Files {
    return new SimulatedFiles(this, clock);
  }

  /** The machine loses power: every write in flight ends in a seeded way. The process's clock must be killed too. */
  crash(): void {
    for (const write of this.writesInFlight) this.endTornWrite(write);
    this.writesInFlight.clear();
    for (const [path, bytes] of this.unsyncedRemovals) {
      if (!this.files.has(path) && this.random.chance(0.5)) this.files.set(path, bytes);
    }
    this.unsyncedRemovals.clear();
  }

  read(path: string): Uint8Array | undefined {
    return this.files.get(path);
  }

  list(folder: string): string[] {
    const prefix = `${folder}/`;
    return [...this.files.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  remove(path: string): void {
    for (const [name, bytes] of this.files) {
      if (name !== path && !name.startsWith(`${path}/`)) continue;
      this.files.delete(name);
      this.unsyncedRemovals.set(name, bytes);
    }
  }

  /** For tests: damages a file as a failing disk would. */
  corrupt(path: string): void {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Error(`There is no ${path} to corrupt.`);
    const damaged = Uint8Array.from(bytes);
    const at = this.random.integer(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    this.files.set(path, damaged);
  }

  begin(write: WriteInFlight): void {
    this.writesInFlight.add(write);
  }

  /** The write's end as its fault decides; false when a crash came first. */
  end(write: WriteInFlight, fault: DiskFault): boolean {
    if (!this.writesInFlight.delete(write)) return false;
    if (fault.kind === 'fail-before') return true;
    if (fault.kind === 'fail-unknown' && this.random.chance(0.5)) return true;
    this.files.set(write.path, write.bytes);
    // The folder's fsync makes earlier removals in it durable too.
    for (const path of this.unsyncedRemovals.keys()) {
      if (folderOf(path) === folderOf(write.path)) this.unsyncedRemovals.delete(path);
    }
    return true;
  }

  private endTornWrite(write: WriteInFlight): void {
    const fate = this.random.pick(['nothing', 'torn', 'everything'] as const);
    if (fate === 'nothing') return;
    if (fate === 'everything') {
      this.files.set(write.path, write.bytes);
      return;
    }
    const torn = write.bytes.slice(0, this.random.integer(write.bytes.length + 1));
    this.files.set(write.isAtomic ? write.path + temporaryFileSuffix : write.path, torn);
  }
}

export type DiskFaults = (path: string) => DiskFault;

export interface DiskFault {
  /** `fail-unknown`: the error came at or after the rename, so the file may be either one. */
  readonly kind: 'succeed' | 'fail-before' | 'fail-unknown';
  readonly delayMs: number;
}

export const noFaults: DiskFaults = () => ({ kind: 'succeed', delayMs: 0.3 });

interface WriteInFlight {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isAtomic: boolean;
}

class SimulatedFiles implements Files {
  private readonly disk: SimulatedDisk;
  private readonly clock: Clock;

  constructor(disk: SimulatedDisk, clock: Clock) {
    this.disk = disk;
    this.clock = clock;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.later(() => this.disk.read(path)?.slice());
  }

  list(folder: string): Promise<string[]> {
    return this.later(() => this.disk.list(folder));
  }

  remove(path: string): Promise<void> {
    return this.later(() => this.disk.remove(path));
  }

  writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    return this.write({ path, bytes: bytes.slice(), isAtomic: true });
  }

  async writeNew(path: string, bytes: Uint8Array): Promise<void> {
    if (this.disk.read(path) !== undefined)
      throw new FileWriteError(`${path} exists already.`, 'not-written');
    await this.write({ path, bytes: bytes.slice(), isAtomic: false });
  }

  private write(write: WriteInFlight): Promise<void> {
    const fault = this.disk.faults(write.path);
    this.disk.begin(write);
    return new Promise((resolve, reject) => {
      this.clock.setTimer(fault.delayMs, () => {
        if (!this.disk.end(write, fault)) return;
        if (fault.kind === 'succeed') resolve();
        else {
          const isUnknown = fault.kind === 'fail-unknown' && write.isAtomic;
          reject(
            new FileWriteError(`Injected failure of ${write.path}.`, isUnknown ? 'unknown' : 'not-written'),
          );
        }
      });
    });
  }

  /** Through the clock, so that a killed process's reads never answer. */
  private later<T>(action: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.clock.setTimer(0, () => resolve(action()));
    });
  }
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
