import { MillraceError } from '../protocol/failures.js';
import { type JobName, type OperatorUid, operatorUid } from '../protocol/ids.js';
import type {
  OperatorNode,
  SinkNode,
  SourceNode,
  StreamEdge,
  StreamGraph,
  StreamNode,
} from './stream-graph.js';

/** Collects the nodes that the API's calls describe, and all mistakes in them, so that they are told at once. */
export class StreamGraphBuilder {
  private readonly nodes: StreamNode[] = [];
  private readonly uids = new Set<string>();
  private readonly mistakes: string[] = [];
  private readonly last: ((nodes: readonly StreamNode[]) => NewNode)[] = [];

  add(node: NewNode): number {
    const id = this.nodes.length;
    const { parallelism } = node;
    if (parallelism !== undefined && !(Number.isSafeInteger(parallelism) && parallelism >= 1)) {
      this.mistakes.push(
        `the parallelism of operator "${node.name}" is ${parallelism}: give it a whole number from 1 on`,
      );
    }
    this.nodes.push({ ...node, id, uid: this.uidOf(node, id) } as StreamNode);
    return id;
  }

  /** Adds a node that depends on what else the job has, behind all that are added by `add`. */
  addLast(describe: (nodes: readonly StreamNode[]) => NewNode): void {
    this.last.push(describe);
  }

  /** Keeps a mistake of the job, to be told with the others. */
  addMistake(mistake: string): void {
    this.mistakes.push(mistake);
  }

  /** Adds a mistake for each source behind these edges that has no watermarks: `what` would never fire. */
  requireWatermarks(edges: readonly Pick<StreamEdge, 'from'>[], what: string): void {
    for (const source of this.sourcesOf(edges)) {
      if (source.watermarks !== undefined && source.watermarks.kind !== 'none') continue;
      this.addMistake(
        `${what} reads from source "${source.name}", which has no watermark strategy, so that it would not fire before the end of the input: give the source \`watermarks\`, such as Watermarks.boundedOutOfOrderness('5s', …)`,
      );
    }
  }

  private sourcesOf(edges: readonly Pick<StreamEdge, 'from'>[]): Set<SourceNode> {
    const sources = new Set<SourceNode>();
    for (const { from } of edges) {
      const node = this.nodes[from];
      if (node?.kind === 'source') sources.add(node);
      else for (const source of this.sourcesOf(node?.inputs ?? [])) sources.add(source);
    }
    return sources;
  }

  /** @throws MillraceError naming every mistake of the job. */
  build(jobName: JobName): StreamGraph {
    for (const node of this.last.map((describe) => describe(this.nodes))) this.add(node);
    if (!this.nodes.some((node) => node.kind === 'source')) {
      this.mistakes.push('it reads from no source: begin with env.fromSource(…)');
    }
    if (!this.nodes.some((node) => node.kind === 'sink')) {
      this.mistakes.push('it has no sink: end each stream with .sinkTo(…)');
    }
    const mistakes = [...new Set([...this.mistakes, ...sharedPrefixes(this.nodes)])];
    if (mistakes.length > 0) {
      throw new MillraceError(`The job "${jobName}" can't run: ${mistakes.join('; ')}.`, {
        domain: 'user-code',
        action: 'fail-job',
      });
    }
    return { jobName, nodes: this.nodes };
  }

  /** Without a uid of the user's, the place in the graph is the name: it holds only while the graph stays as it is. */
  private uidOf(node: NewNode, id: number): OperatorUid {
    const kind = node.kind === 'operator' ? node.operatorKind : node.kind;
    const uid = node.uid ?? `${kind}-${id}`;
    if (uid === '') {
      this.mistakes.push(`the uid of operator ${id} (${kind}) is empty: give it one, or leave it out`);
    } else if (this.uids.has(uid)) {
      this.mistakes.push(
        `the uid "${uid}" is given to more than one operator: state would be mixed up, so give each its own`,
      );
    }
    this.uids.add(uid);
    return operatorUid(uid);
  }
}

/** Two sinks with one prefix would use the same transactional ids, and each would fence the other. */
function sharedPrefixes(nodes: readonly StreamNode[]): string[] {
  const prefixes = nodes.flatMap((node) =>
    node.kind === 'sink' && node.sink.transactions !== undefined
      ? [node.sink.transactions.transactionalIdPrefix]
      : [],
  );
  const shared = new Set(prefixes.filter((prefix, index) => prefixes.indexOf(prefix) !== index));
  return [...shared].map(
    (prefix) =>
      `the transactionalIdPrefix "${prefix}" is given to two sinks: they would shut each other out, so give each its own`,
  );
}

type Unnumbered<N extends StreamNode> = Omit<N, 'id' | 'uid'> & { readonly uid: string | undefined };
export type NewNode = Unnumbered<SourceNode> | Unnumbered<OperatorNode> | Unnumbered<SinkNode>;
