import type { SourceNode } from '../graph/stream-graph.js';
import type { OperatorUid, SubtaskIndex } from '../protocol/ids.js';
import { MAX_WATERMARK } from '../protocol/stream-elements.js';

/**
 * The watermarks of groups of sources that wait for each other. Invariant: the slowest subtask that is not
 * idle may always go on, since the group's watermark is never ahead of its own; otherwise all would wait.
 */
export class WatermarkAligner {
  private readonly groups = new Map<string, Map<string, number>>();
  private readonly sources: ReadonlyMap<OperatorUid, SourceNode>;

  constructor(sources: readonly SourceNode[]) {
    this.sources = new Map(sources.map((source) => [source.uid, source]));
  }

  /**
   * Takes what a subtask says of its watermark: MAX_WATERMARK when it is idle or has ended.
   * @returns how far the subtask may go: MAX_WATERMARK for any time.
   */
  report(source: OperatorUid, subtask: SubtaskIndex, watermark: number): number {
    const alignment = this.sources.get(source)?.watermarks?.alignment;
    if (alignment === undefined) throw new Error(`Source ${source} belongs to no group for alignment.`);
    let group = this.groups.get(alignment.group);
    if (group === undefined) {
      group = new Map();
      this.groups.set(alignment.group, group);
    }
    group.set(`${subtask} ${source}`, watermark);
    let slowest = MAX_WATERMARK;
    for (const each of group.values()) slowest = Math.min(slowest, each);
    return Math.min(slowest + alignment.maxDriftMs, MAX_WATERMARK);
  }
}
