import type { Clock } from '../host/clock.js';
import type { OperatorUid } from '../protocol/ids.js';
import { checkpointId } from '../protocol/ids.js';
import type { Cell, CellChange, MergeProgress, StateBase, StateBases, StoreIdentity } from './state-base.js';

/**
 * The bases of one slot in memory, for the simulation. They lie on a `SimulatedStateDisk`, which outlives
 * them: at a crash the merges that were not yet durable are forgotten, and their promises never settle.
 */
export class InMemoryStateBases implements StateBases {
  readonly location = 'memory';
  private readonly disk: SimulatedStateDisk;
  private readonly clock: Clock;
  private readonly incarnation: number;

  constructor(disk: SimulatedStateDisk, clock: Clock) {
    this.disk = disk;
    this.clock = clock;
    this.incarnation = disk.incarnation;
  }

  async openExisting(operatorUid: OperatorUid): Promise<StateBase | undefined> {
    const table = this.disk.tables.get(operatorUid);
    return table === undefined ? undefined : new InMemoryStateBase(table, (apply) => this.write(apply));
  }

  async create(identity: StoreIdentity): Promise<StateBase> {
    const table = new SimulatedTable(identity);
    await this.write(() => this.disk.tables.set(identity.operatorUid, table));
    return new InMemoryStateBase(table, (apply) => this.write(apply));
  }

  async close(): Promise<void> {
    await this.disk.lastWrite;
  }

  private write(apply: () => void): Promise<void> {
    const { disk, clock, incarnation } = this;
    // A thread that is gone asks for nothing; a promise of its own must not hold up its successor's writes.
    if (disk.incarnation !== incarnation) return new Promise(() => {});
    disk.lastWrite = disk.lastWrite.then(
      () =>
        new Promise<void>((resolve, reject) => {
          clock.setTimer(disk.faults.commitDelayMs?.() ?? 0, () => {
            if (disk.incarnation !== incarnation) return;
            const failure = disk.faults.failCommit?.();
            if (failure !== undefined) return reject(failure);
            apply();
            resolve();
          });
        }),
    );
    const write = disk.lastWrite;
    disk.lastWrite = write.catch(() => undefined);
    return write;
  }
}

/** What a slot's bases lie on; crash it to lose what is not durable. */
export class SimulatedStateDisk {
  readonly tables = new Map<OperatorUid, SimulatedTable>();
  faults: StateDiskFaults = {};
  incarnation = 0;
  lastWrite: Promise<void> = Promise.resolve();

  /** The thread that used it is gone: merges in flight never happen, and its bases write nothing any more. */
  crash(): void {
    this.incarnation += 1;
    this.lastWrite = Promise.resolve();
  }
}

/** Asked once a commit. */
export interface StateDiskFaults {
  readonly commitDelayMs?: () => number;
  /** An error fails the commit, and it does not happen. */
  readonly failCommit?: () => Error | undefined;
}

class SimulatedTable {
  readonly identity: StoreIdentity;
  progress: MergeProgress = { mergedThrough: checkpointId(0), mergingThrough: checkpointId(0) };
  /** By the key's bytes as a string of as many characters, which sorts as the bytes do. */
  readonly cells = new Map<string, Buffer>();
  private sortedKeys: string[] | undefined;

  constructor(identity: StoreIdentity) {
    this.identity = identity;
  }

  apply(changes: readonly CellChange[], progress: MergeProgress): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.cells.delete(key.toString('latin1'));
      else this.cells.set(key.toString('latin1'), Buffer.from(value));
    }
    this.progress = progress;
    this.sortedKeys = undefined;
  }

  sorted(): readonly string[] {
    this.sortedKeys ??= [...this.cells.keys()].sort();
    return this.sortedKeys;
  }
}

class InMemoryStateBase implements StateBase {
  private readonly table: SimulatedTable;
  private readonly write: (apply: () => void) => Promise<void>;

  constructor(table: SimulatedTable, write: (apply: () => void) => Promise<void>) {
    this.table = table;
    this.write = write;
  }

  get identity(): StoreIdentity {
    return this.table.identity;
  }

  get progress(): MergeProgress {
    return this.table.progress;
  }

  mayHoldCells(): boolean {
    return this.table.cells.size > 0;
  }

  get(cellKey: Buffer): Buffer | undefined {
    return this.table.cells.get(cellKey.toString('latin1'));
  }

  scan(from: Buffer, to: Buffer, limit: number): Cell[] {
    const first = from.toString('latin1');
    const end = to.toString('latin1');
    const cells: Cell[] = [];
    for (const key of this.table.sorted()) {
      if (key < first) continue;
      if (key >= end || cells.length === limit) break;
      cells.push({ key: Buffer.from(key, 'latin1'), value: this.table.cells.get(key)! });
    }
    return cells;
  }

  applyMerge(changes: readonly CellChange[], progress: MergeProgress): Promise<void> {
    return this.write(() => this.table.apply(changes, progress));
  }
}
