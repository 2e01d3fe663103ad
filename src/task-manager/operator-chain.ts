import type {
  OperatorSnapshot,
  OperatorStateSnapshot,
  SubtaskSnapshot,
} from '../checkpoint/checkpoint-metadata.js';
import type { StreamNode } from '../graph/stream-graph.js';
import type { StreamOperator } from '../operators/stream-operator.js';
import type { CheckpointId, SubtaskIndex } from '../protocol/ids.js';
import type { SinkMetrics } from '../protocol/messages.js';
import type { StreamEvent } from '../protocol/stream-elements.js';
import type { OperatorStateStore } from '../state/operator-state-store.js';
import type { EdgeTarget } from './chain-output.js';

/**
 * The operators of one subtask that call each other directly. Invariant: nothing new enters the chain while
 * one of its operators is suspended (`resume` has not answered true); so a barrier never falls between the
 * results of one element.
 */
export class OperatorChain {
  private readonly links: readonly ChainLink[];
  private readonly edges: readonly EdgeTarget[];
  private readonly subtaskIndex: SubtaskIndex;
  private endingAt = 0;

  constructor(parts: OperatorChainParts) {
    this.links = parts.links;
    this.edges = parts.edges;
    this.subtaskIndex = parts.subtaskIndex;
  }

  /** From the end to the head, so that what an operator emits in `open` finds an open operator. */
  open(): void {
    for (const link of [...this.links].reverse()) link.operator.open();
  }

  /** Goes on with suspended emissions, from the end to the head; true when none is left. */
  resume(): boolean {
    for (let index = this.links.length - 1; index >= 0; index -= 1) {
      if (this.links[index]?.operator.resume() === false) return false;
    }
    return true;
  }

  /** Ends the operators' input from head to end; false when one must be resumed first (call again). */
  endInput(): boolean {
    for (; this.endingAt < this.links.length; this.endingAt += 1) {
      if (!this.resume()) return false;
      this.links[this.endingAt]?.operator.endInput();
    }
    return this.resume();
  }

  /** Takes every operator's part of the checkpoint now; resolves when all are durable. */
  snapshot(checkpointId: CheckpointId): Promise<SubtaskSnapshot[]> {
    return Promise.all(
      this.links.map(async (link) => ({
        operatorUid: link.node.uid,
        subtaskIndex: this.subtaskIndex,
        snapshot: await snapshotOf(link, checkpointId),
      })),
    );
  }

  notifyCheckpointComplete(checkpointId: CheckpointId): void {
    for (const { operator } of this.links) operator.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: CheckpointId): void {
    for (const { operator } of this.links) operator.notifyCheckpointAborted(checkpointId);
  }

  /** Sends an event into every channel that leaves the vertex. */
  broadcastEvent(event: StreamEvent): void {
    for (const edge of this.edges) edge.writer.broadcastEvent(event);
  }

  flush(): void {
    for (const edge of this.edges) edge.writer.flush();
  }

  get numRecordsOut(): number {
    return this.edges.reduce((total, edge) => total + edge.numRecordsOut, 0);
  }

  get numLateRecordsDropped(): number {
    return this.links.reduce((total, { operator }) => total + operator.numLateRecordsDropped, 0);
  }

  sinkMetrics(): readonly SinkMetrics[] {
    return this.links.flatMap(({ node, operator }) => {
      const metrics = operator.sinkMetrics?.();
      return metrics === undefined ? [] : [{ operatorUid: node.uid, ...metrics }];
    });
  }

  get numBytesOut(): number {
    return this.edges.reduce((total, edge) => total + edge.writer.bytesOut, 0);
  }

  /** @throws the first error, once every operator has ended. */
  async close(): Promise<void> {
    const ends = await Promise.allSettled(this.links.map((link) => link.operator.close()));
    for (const edge of this.edges) edge.writer.close();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

export interface ChainLink {
  readonly node: StreamNode;
  readonly operator: StreamOperator<unknown>;
  /** What the operator's function keeps beside the keys. */
  readonly operatorState: OperatorStateStore;
}

/**
 * Both parts are taken before anything is waited for, or what comes behind the barrier would be in them; the
 * operator's first, since its function may fill its operator state only for the checkpoint.
 */
async function snapshotOf(link: ChainLink, checkpointId: CheckpointId): Promise<OperatorSnapshot> {
  const taken = [link.operator.snapshot(checkpointId), operatorStateOf(link)] as const;
  const [snapshot, operatorState] = await Promise.all(taken);
  return operatorState.length === 0 ? snapshot : { ...snapshot, operatorState };
}

/** Async, so that what it throws is heard together with what the operator's own part throws. */
async function operatorStateOf(link: ChainLink): Promise<readonly OperatorStateSnapshot[]> {
  return link.operatorState.snapshot();
}

export interface OperatorChainParts {
  /** From head to end. A source is no link: it emits into the output that its first links hang on. */
  readonly links: readonly ChainLink[];
  readonly edges: readonly EdgeTarget[];
  readonly subtaskIndex: SubtaskIndex;
}
