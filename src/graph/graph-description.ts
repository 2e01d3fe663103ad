import type { StreamGraph, StreamNode } from './stream-graph.js';

/**
 * The graph as a text with one line an operator. Every thread builds the graph from the same module, and
 * their texts are compared before a job runs: subtask 1 of an operator must not run another operator's code.
 */
export function describeGraph(graph: StreamGraph): string {
  return [`job ${graph.jobName}`, ...graph.nodes.map(describeNode)].join('\n');
}

function describeNode(node: StreamNode): string {
  const inputs = node.inputs.map((edge) => {
    const side = edge.sideOutput === undefined ? '' : `/${edge.sideOutput}`;
    return `${edge.from}${side}>${edge.inputIndex}:${edge.partitioning.kind}`;
  });
  const parallelism = node.parallelism === undefined ? '' : ` parallelism=${node.parallelism}`;
  return `${node.id} ${describeKind(node)} uid=${node.uid}${parallelism} inputs=[${inputs.join(',')}]`;
}

function describeKind(node: StreamNode): string {
  switch (node.kind) {
    case 'source':
      return `source ${node.source.description}`;
    case 'operator':
      return node.operatorKind;
    case 'sink':
      return `sink ${node.sink.description}`;
  }
}

/** The first line in which two descriptions differ, for the error that names it. */
export function firstDifference(expected: string, actual: string): string {
  const expectedLines = expected.split('\n');
  const actualLines = actual.split('\n');
  const at = expectedLines.findIndex((line, index) => line !== actualLines[index]);
  if (at === -1) return `one has ${actualLines.length - expectedLines.length} more operators than the other`;
  return `"${expectedLines[at]}" against "${actualLines[at] ?? 'nothing'}"`;
}
