import { CachedKeyedStateStore } from '../../src/state/cached-keyed-state-store.js';
import { InMemoryStateBases, SimulatedStateDisk } from '../../src/state/in-memory-state-bases.js';
import type { KeyedStateStore } from '../../src/state/keyed-state-backend.js';
import type { StateLimits } from '../../src/state/state-limits.js';
import { ProcessFiles } from './process-files.js';
import type { SimulatedDisk } from './simulated-files.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedRandom } from './simulated-random.js';
import type { SimulatedWorld } from './simulated-world.js';

/** What a slot has on disk: segments and bases. It outlives the threads that use it one after the other. */
export class SimulatedSlotStorage {
  readonly segments: SimulatedDisk;
  readonly bases = new SimulatedStateDisk();
  private readonly random: SimulatedRandom;
  private readonly limits: Partial<StateLimits>;

  constructor(world: SimulatedWorld) {
    this.random = world.random.fork();
    this.segments = world.createDisk();
    this.limits = drawLimits(this.random);
    const { mergeFailure } = world.scenario.faults.disk;
    this.bases.faults = {
      commitDelayMs: () => this.random.next() * 5,
      failCommit: () => {
        const fails = this.random.chance(mergeFailure) && !world.faults.isHealed;
        return fails ? new Error('Injected failure of a commit.') : undefined;
      },
    };
  }

  /** For a thread; crashes with it. */
  open(process: SimulatedProcess, slot: number): KeyedStateStore {
    return new CachedKeyedStateStore({
      bases: new InMemoryStateBases(this.bases, process),
      files: new ProcessFiles(process, this.segments),
      segmentFolder: `slots/${slot}/segments`,
      clock: process,
      random: this.random,
      limits: this.limits,
    });
  }

  /** Its thread is gone, and nothing that it had in flight goes on. */
  crash(): void {
    this.segments.crash();
    this.bases.crash();
  }
}

/** Tiny caches and merges, so that a few hundred entries are evicted, merged in pieces and read back. */
function drawLimits(random: SimulatedRandom): Partial<StateLimits> {
  return {
    cacheBudgetBytes: random.pick([500, 4_000, 1_000_000]),
    mergeIntervalMs: random.pick([5, 100, 1_000]),
    mergeTransactionCellsMax: random.pick([3, 20, 1_000]),
    mergePauseMs: random.pick([1, 5]),
    unmergedBytesMax: random.pick([3_000, 100_000]),
    timersInMemoryMax: random.pick([2, 1_000]),
    scanPageCells: random.pick([2, 256]),
  };
}
