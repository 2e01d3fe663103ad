import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.js';
import type { SourceNode } from '../graph/stream-graph.js';
import type { TopicPartitionOffset } from '../log/log-port.js';
import type { OperatorUid } from '../protocol/ids.js';
import type { SplitDiscoveryContext } from '../sources/source.js';
import { splitsOf } from './slot-deployments.js';

/**
 * Tells the log which positions a completed checkpoint holds, for people and lag tools. Nothing depends on
 * it, so a failure is counted, and told when it is the first in a row; while one commit is under way, only the
 * newest checkpoint waits.
 */
export class OffsetCommits {
  private readonly bySource = new Map<OperatorUid, SourceCommits>();
  private readonly sources: readonly SourceNode[];
  private readonly context: SplitDiscoveryContext;
  private running: Promise<void> | undefined;
  private next: CheckpointMetadata | undefined;

  private readonly warn: (message: string) => void;
  /** Sources whose newest commit failed. */
  private readonly failing = new Set<SourceNode>();

  constructor(
    sources: readonly SourceNode[],
    context: SplitDiscoveryContext,
    warn: (message: string) => void,
  ) {
    this.warn = warn;
    this.sources = sources.filter((source) => source.source.onCheckpointComplete !== undefined);
    this.context = context;
  }

  commit(metadata: CheckpointMetadata): void {
    if (this.sources.length === 0) return;
    this.next = metadata;
    this.running ??= this.commitAll();
  }

  /** Undefined for a source that commits nothing. */
  of(source: OperatorUid): SourceCommits | undefined {
    return this.bySource.get(source);
  }

  async idle(): Promise<void> {
    await this.running;
  }

  private async commitAll(): Promise<void> {
    while (this.next !== undefined) {
      const metadata = this.next;
      this.next = undefined;
      for (const source of this.sources) await this.commitSource(source, metadata);
    }
    // In the same breath as the last look at `next`: a commit asked for in between would wait for ever.
    this.running = undefined;
  }

  private async commitSource(source: SourceNode, metadata: CheckpointMetadata): Promise<void> {
    try {
      const offsets = await source.source.onCheckpointComplete?.(
        this.context,
        splitsOf(metadata, source.uid),
      );
      if (offsets === undefined || offsets.length === 0) return;
      const { commitsSucceeded, commitsFailed } = this.of(source.uid) ?? noCommits;
      this.bySource.set(source.uid, { commitsSucceeded: commitsSucceeded + 1, commitsFailed, offsets });
      this.failing.delete(source);
    } catch (error) {
      const commits = this.of(source.uid) ?? noCommits;
      this.bySource.set(source.uid, { ...commits, commitsFailed: commits.commitsFailed + 1 });
      if (this.failing.has(source)) return;
      this.failing.add(source);
      const why = error instanceof Error ? error.message : String(error);
      this.warn(
        `Offsets of source "${source.name}" could not be committed to its group, so lag tools see old ones; the job goes on. ${why}`,
      );
    }
  }
}

export interface SourceCommits {
  readonly commitsSucceeded: number;
  readonly commitsFailed: number;
  /** As last committed, the next offset to read of each partition. */
  readonly offsets: readonly TopicPartitionOffset[];
}

const noCommits: SourceCommits = { commitsSucceeded: 0, commitsFailed: 0, offsets: [] };
