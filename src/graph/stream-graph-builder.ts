import { MillraceError } from '../protocol/failures.js';
import { type JobName, type OperatorUid, operatorUid } from '../protocol/ids.js';
import type { OperatorNode, SinkNode, SourceNode, StreamGraph, StreamNode } from './stream-graph.js';

/** Collects the nodes that the API's calls describe, and all mistakes in them, so that they are told at once. */
export class StreamGraphBuilder {
  private readonly nodes: StreamNode[] = [];
  private readonly uids = new Set<string>();
  private readonly mistakes: string[] = [];

  add(node: NewNode): number {
    const id = this.nodes.length;
    this.nodes.push({ ...node, id, uid: this.uidOf(node, id) } as StreamNode);
    return id;
  }

  addMistake(mistake: string): void {
    this.mistakes.push(mistake);
  }

  /** @throws MillraceError naming every mistake of the job. */
  build(jobName: JobName): StreamGraph {
    if (!this.nodes.some((node) => node.kind === 'source')) {
      this.mistakes.push('it reads from no source: begin with env.fromSource(…)');
    }
    if (!this.nodes.some((node) => node.kind === 'sink')) {
      this.mistakes.push('it has no sink: end each stream with .sinkTo(…)');
    }
    if (this.mistakes.length > 0) {
      throw new MillraceError(`The job "${jobName}" can't run: ${this.mistakes.join('; ')}.`, {
        domain: 'user-code',
        action: 'fail-job',
      });
    }
    return { jobName, nodes: this.nodes };
  }

  /** Without a uid of the user's, the place in the graph is the name: it holds only while the graph stays as it is. */
  private uidOf(node: NewNode, id: number): OperatorUid {
    const uid = node.uid ?? `${node.kind === 'operator' ? node.operatorKind : node.kind}-${id}`;
    if (this.uids.has(uid)) {
      this.mistakes.push(
        `the uid "${uid}" is given to two operators: state would be mixed up, so give each its own`,
      );
    }
    this.uids.add(uid);
    return operatorUid(uid);
  }
}

type Unnumbered<N extends StreamNode> = Omit<N, 'id' | 'uid'> & { readonly uid: string | undefined };
export type NewNode = Unnumbered<SourceNode> | Unnumbered<OperatorNode> | Unnumbered<SinkNode>;
