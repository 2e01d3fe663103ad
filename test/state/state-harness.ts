import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock } from '../../src/host/node-clock.js';
import { NodeFiles } from '../../src/host/node-files.js';
import { nodeRandom } from '../../src/host/node-random.js';
import { executionAttempt, keyGroup, operatorUid } from '../../src/protocol/ids.js';
import { CachedKeyedStateStore } from '../../src/state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../../src/state/in-memory-state-bases.js';
import type {
  KeyedStateBackend,
  KeyedStateHandle,
  KeyedStateStore,
} from '../../src/state/keyed-state-backend.js';
import { LmdbStateBases } from '../../src/state/lmdb-state-bases.js';
import type { StateLimits } from '../../src/state/state-limits.js';
import { SimulatedClock, type SimulatedProcessClock } from '../simulation/simulated-clock.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { SimulatedRandom } from '../simulation/simulated-random.js';
import { untilSettled } from '../simulation/until-settled.js';

/** Keyed state of one subtask that can be closed, crashed and restored, on any kind of base. */
export interface StateHarness {
  /** Begins an attempt; the one before must have been closed or crashed. */
  open(restore?: KeyedStateHandle, limits?: Partial<StateLimits>): Promise<KeyedStateBackend>;
  /** What the attempt was told of background failures. */
  readonly failures: Error[];
  /** Lets time pass. */
  elapse(ms: number): Promise<void>;
  /** Lets time pass until the promise has settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
  /** Ends the attempt as a kill would; where that can't be done within a process, as `close` does. */
  crash(): Promise<void>;
  dispose(): Promise<void>;
}

export const testMaxParallelism = 8;
export const testUid = operatorUid('enrich');
/** Merges at once, one cell a transaction, evicts whatever it may: every path is taken. */
export const tinyLimits: Partial<StateLimits> = {
  cacheBudgetBytes: 0,
  evictionStepsMax: 50,
  mergeIntervalMs: 0,
  mergePauseMs: 1,
  mergeCollectCells: 3,
  mergeTransactionCellsMax: 2,
  scanPageCells: 2,
  sweepPageCells: 2,
  timersInMemoryMax: 2,
};

abstract class AbstractHarness implements StateHarness {
  readonly failures: Error[] = [];
  /** How far the wall clock was put forward. */
  wallClockOffsetMs = 0;
  private attempt = 0;
  protected store: KeyedStateStore | undefined;

  open(restore?: KeyedStateHandle, limits: Partial<StateLimits> = {}): Promise<KeyedStateBackend> {
    this.store = this.openStore(limits);
    this.attempt += 1;
    const opened = this.store.open({
      operatorUid: testUid,
      attempt: executionAttempt(this.attempt),
      keyGroupRange: { start: keyGroup(0), end: keyGroup(testMaxParallelism - 1) },
      maxParallelism: testMaxParallelism,
      // As it comes back from the checkpoint's metadata.
      restore: restore && (JSON.parse(JSON.stringify(restore)) as KeyedStateHandle),
      onFailure: (error) => this.failures.push(error),
    });
    return this.settle(opened);
  }

  async close(): Promise<void> {
    const store = this.store;
    this.store = undefined;
    if (store !== undefined) await this.settle(store.close());
  }

  abstract elapse(ms: number): Promise<void>;
  abstract settle<T>(promise: Promise<T>): Promise<T>;
  abstract crash(): Promise<void>;
  abstract dispose(): Promise<void>;
  protected abstract openStore(limits: Partial<StateLimits>): KeyedStateStore;
}

export class InMemoryHarness extends AbstractHarness {
  readonly disk: SimulatedDisk;
  readonly stateDisk = new SimulatedStateDisk();
  private readonly clock: SimulatedClock;
  private readonly random: SimulatedRandom;
  private process: SimulatedProcessClock | undefined;

  constructor(seed = 1) {
    super();
    this.random = new SimulatedRandom(seed);
    this.clock = new SimulatedClock(this.random);
    this.disk = new SimulatedDisk(this.random);
    this.stateDisk.faults = { commitDelayMs: () => this.random.integer(4) };
  }

  elapse(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  epochMs(): number {
    return this.clock.epochMs() + this.wallClockOffsetMs;
  }

  /** How many cells have been merged and not removed. */
  cellsInBase(): number {
    return this.stateDisk.tables.get(testUid)?.cells.size ?? 0;
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return untilSettled(this.clock, promise);
  }

  async crash(): Promise<void> {
    this.store = undefined;
    this.process?.kill();
    this.disk.crash();
    this.stateDisk.crash();
  }

  async dispose(): Promise<void> {
    await this.crash();
  }

  protected openStore(limits: Partial<StateLimits>): KeyedStateStore {
    const process = this.clock.process();
    this.process = process;
    return new CachedKeyedStateStore({
      bases: new InMemoryStateBases(this.stateDisk, process),
      files: this.disk.open(process),
      segmentFolder: 'segments',
      clock: {
        epochMs: () => this.epochMs(),
        monotonicMs: () => process.monotonicMs(),
        setTimer: (delayMs, callback) => process.setTimer(delayMs, callback),
      },
      random: this.random,
      limits,
    });
  }
}

export class LmdbHarness extends AbstractHarness {
  private folder: string | undefined;

  override async open(restore?: KeyedStateHandle, limits?: Partial<StateLimits>): Promise<KeyedStateBackend> {
    this.folder ??= await mkdtemp(join(tmpdir(), 'millrace-state-'));
    return super.open(restore, limits);
  }

  get path(): string {
    if (this.folder === undefined) throw new Error('Open the state first.');
    return this.folder;
  }

  elapse(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  crash(): Promise<void> {
    return this.close();
  }

  async dispose(): Promise<void> {
    await this.close();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }

  protected openStore(limits: Partial<StateLimits>): KeyedStateStore {
    return new CachedKeyedStateStore({
      bases: new LmdbStateBases(join(this.path, 'base'), nodeClock),
      files: new NodeFiles(this.path),
      segmentFolder: 'segments',
      clock: { ...nodeClock, epochMs: () => nodeClock.epochMs() + this.wallClockOffsetMs },
      random: nodeRandom,
      limits,
    });
  }
}

export const harnesses: readonly [name: string, make: () => StateHarness][] = [
  ['in memory', () => new InMemoryHarness()],
  ['on LMDB', () => new LmdbHarness()],
];
