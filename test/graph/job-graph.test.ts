import { describe, expect, it } from 'vitest';
import type { StreamExecutionEnvironment } from '../../src/api/environment.js';
import { type Collector, type KeyedContext, KeyedProcessFunction } from '../../src/api/functions.js';
import { defineJob } from '../../src/api/job.js';
import { OutputTag } from '../../src/api/output-tag.js';
import { chainOperators, type JobGraph } from '../../src/graph/job-graph.js';
import { discardSink } from '../../src/sinks/discard-sink.js';

function jobGraph(build: (env: StreamExecutionEnvironment) => void): JobGraph {
  return chainOperators(defineJob('test', build).buildGraph());
}

/** Each vertex by its name, and each edge as `from -> to (partitioning)`. */
function shapeOf({ vertices, edges }: JobGraph): { vertices: string[]; edges: string[] } {
  return {
    vertices: vertices.map((vertex) => vertex.name),
    edges: edges.map((edge) => {
      const side = edge.sideOutput === undefined ? '' : `/${edge.sideOutput}`;
      return `${edge.fromVertex}${side} -> ${edge.toVertex} (${edge.partitioning.kind})`;
    }),
  };
}

class PassOn extends KeyedProcessFunction<number, number, number> {
  processElement(value: number, _context: KeyedContext<number>, out: Collector<number>): void {
    out.collect(value);
  }
}

const numbers = (env: StreamExecutionEnvironment, name: string) => env.fromCollection([1, 2, 3], { name });

describe('Operators are chained', () => {
  it('where nothing is exchanged between them', () => {
    const graph = jobGraph((env) => {
      numbers(env, 'read')
        .map((value) => value + 1, { name: 'plus' })
        .filter((value) => value > 2, { name: 'large' })
        .sinkTo(discardSink(), { name: 'write' });
    });
    expect(shapeOf(graph)).toEqual({ vertices: ['read -> plus -> large -> write'], edges: [] });
  });

  it('up to a keyed operator, which heads the next vertex', () => {
    const graph = jobGraph((env) => {
      numbers(env, 'read')
        .map((value) => value, { name: 'before' })
        .keyBy((value) => value)
        .process(new PassOn(), { name: 'keyed' })
        .map((value) => value, { name: 'after' })
        .sinkTo(discardSink(), { name: 'write' });
    });
    expect(shapeOf(graph)).toEqual({
      vertices: ['read -> before', 'keyed -> after -> write'],
      edges: ['0 -> 1 (key-by)'],
    });
    expect(graph.vertices[1]?.nodes[0]).toMatchObject({ kind: 'operator', operatorKind: 'keyed-process' });
  });

  it('each with all that read it: fan-out needs no exchange', () => {
    const graph = jobGraph((env) => {
      const source = numbers(env, 'read');
      source.map((value) => value, { name: 'left' }).sinkTo(discardSink(), { name: 'left sink' });
      source.sinkTo(discardSink(), { name: 'right sink' });
    });
    expect(shapeOf(graph)).toEqual({ vertices: ['read -> left -> left sink -> right sink'], edges: [] });
  });

  it('to a side output too', () => {
    const late = new OutputTag<number>('late');
    const graph = jobGraph((env) => {
      const keyed = numbers(env, 'read')
        .keyBy((value) => value)
        .process(new PassOn(), { name: 'keyed' });
      keyed.sinkTo(discardSink(), { name: 'main' });
      keyed.sideOutput(late).sinkTo(discardSink(), { name: 'chained' });
      keyed.sideOutput(late).rebalance().sinkTo(discardSink(), { name: 'spread' });
    });
    expect(shapeOf(graph)).toEqual({
      vertices: ['read', 'keyed -> main -> chained', 'spread'],
      edges: ['0 -> 1 (key-by)', '1/late -> 2 (rebalance)'],
    });
  });

  it('but not behind a union, which has an edge for each of its inputs', () => {
    const graph = jobGraph((env) => {
      const left = numbers(env, 'left');
      left
        .union(
          numbers(env, 'right'),
          left.map((value) => value, { name: 'copy' }),
        )
        .sinkTo(discardSink(), {
          name: 'write',
        });
    });
    expect(shapeOf(graph)).toEqual({
      vertices: ['left -> copy', 'right', 'write'],
      edges: ['0 -> 2 (forward)', '1 -> 2 (forward)', '0 -> 2 (forward)'],
    });
    expect(graph.edges.map((edge) => edge.fromNode)).toEqual([0, 1, 2]);
  });

  it.each(['rebalance', 'rescale', 'broadcast'] as const)(
    'but not over %s, and not over a partitioner of the user’s',
    (kind) => {
      const graph = jobGraph((env) => {
        numbers(env, 'read')[kind]().sinkTo(discardSink(), { name: 'write' });
        numbers(env, 'other')
          .partitionCustom('by hand', (value, channels) => value % channels)
          .sinkTo(discardSink(), { name: 'elsewhere' });
      });
      expect(shapeOf(graph)).toEqual({
        vertices: ['read', 'write', 'other', 'elsewhere'],
        edges: [`0 -> 1 (${kind})`, '2 -> 3 (custom)'],
      });
    },
  );
});
