import { operatorParallelism } from '../graph/operator-parallelism.js';
import type { SourceNode } from '../graph/stream-graph.js';
import type { CancelTimer, Clock } from '../host/clock.js';
import type { LogClient } from '../log/log-port.js';
import { describeFailure, type Failure, toFailure } from '../protocol/failures.js';
import type { OperatorUid, SplitId } from '../protocol/ids.js';
import type { SourceSplit } from '../sources/source.js';
import { assignSplits } from './split-assignment.js';

/**
 * Looks for splits that came into being since the attempt's checkpoint: once when all its subtasks run, and
 * then at each source's interval. Invariant: a split is handed out once an attempt, by the same rule as
 * those of the checkpoint. What an attempt found and no checkpoint holds, the next attempt finds again.
 */
export class SplitDiscovery {
  private readonly options: SplitDiscoveryOptions;
  private readonly timers = new Map<OperatorUid, CancelTimer>();
  private isClosed = false;

  constructor(options: SplitDiscoveryOptions) {
    this.options = options;
    for (const source of options.sources) {
      if (source.source.discoveryIntervalMs === undefined) continue;
      void this.look(source, new Set(options.assigned(source.uid).map(({ splitId }) => splitId)));
    }
  }

  close(): void {
    this.isClosed = true;
    for (const cancel of this.timers.values()) cancel();
  }

  /** Never rejects. */
  private async look(source: SourceNode, known: Set<SplitId>): Promise<void> {
    try {
      const found = (await source.source.discoverNewSplits?.({ log: this.options.log }, known)) ?? [];
      if (this.isClosed) return;
      this.handOut(source, found, known);
    } catch (error) {
      if (this.isClosed) return;
      const failure = toFailure(error, 'outside-system');
      if (failure.action === 'fail-job') {
        this.options.fail(failure);
        return;
      }
      // A log that can't be reached now is its readers' concern; here the next look is soon enough.
      this.options.tell(`Source "${source.name}" could not look for new splits: ${describeFailure(failure)}`);
    }
    this.lookLater(source, known);
  }

  private handOut(source: SourceNode, found: readonly SourceSplit[], known: Set<SplitId>): void {
    if (found.length === 0) return;
    for (const { splitId } of found) known.add(splitId);
    const names = found.map(({ splitId }) => splitId).join(', ');
    this.options.tell(`Source "${source.name}" found ${names}, to be read from the beginning.`);
    const { bySubtask } = assignSplits(found, operatorParallelism(source, this.options.parallelism));
    bySubtask.forEach((splits, subtask) => {
      if (splits.length > 0) this.options.assign(subtask, source.uid, splits);
    });
  }

  private lookLater(source: SourceNode, known: Set<SplitId>): void {
    const intervalMs = source.source.discoveryIntervalMs;
    if (intervalMs === undefined) return;
    const cancel = this.options.clock.setTimer(intervalMs, () => void this.look(source, known));
    this.timers.set(source.uid, cancel);
  }
}

export interface SplitDiscoveryOptions {
  readonly sources: readonly SourceNode[];
  /** The job's. */
  readonly parallelism: number;
  readonly clock: Clock;
  readonly log: () => Promise<LogClient>;
  /** What the attempt's checkpoint holds of a source, whoever reads it. */
  readonly assigned: (source: OperatorUid) => readonly SourceSplit[];
  readonly assign: (subtask: number, source: OperatorUid, splits: readonly SourceSplit[]) => void;
  /** Tells people of something that stops nothing. */
  readonly tell: (message: string) => void;
  readonly fail: (failure: Failure) => void;
}
