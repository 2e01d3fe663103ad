import { describe, expect, it } from 'vitest';
import type { DataStream } from '../../src/api/data-stream.js';
import { type Collector, type KeyedContext, KeyedProcessFunction } from '../../src/api/functions.js';
import { defineJob } from '../../src/api/job.js';
import { type WatermarkStrategy, Watermarks } from '../../src/api/watermarks.js';
import { json } from '../../src/codecs/json.js';
import { encodedEdge } from '../../src/graph/encoded-edge.js';
import { chainOperators } from '../../src/graph/job-graph.js';
import { discardSink } from '../../src/sinks/discard-sink.js';
import { type LogSourceSettings, logSource } from '../../src/sources/log-source.js';

interface Event {
  readonly user: string;
  readonly at: number;
}

class PassOn extends KeyedProcessFunction<string, Event, Event> {
  processElement(event: Event, _context: KeyedContext<string>, out: Collector<Event>): void {
    out.collect(event);
  }
}

interface Shape {
  readonly settings?: Partial<LogSourceSettings>;
  readonly watermarks?: WatermarkStrategy<Event>;
  readonly value?: ReturnType<typeof json<Event>>;
  readonly between?: (events: DataStream<Event>) => DataStream<Event>;
  readonly keySelector?: (event: Event) => string;
}

function isRelayed(shape: Shape): boolean {
  const job = defineJob('test', (env) => {
    const source = logSource<Event>({
      topics: 'events',
      value: shape.value ?? json<Event>(),
      ...(shape.settings as object),
    });
    const events = env.fromSource(source, { ...(shape.watermarks && { watermarks: shape.watermarks }) });
    (shape.between ?? ((stream) => stream))(events)
      .keyBy(shape.keySelector ?? ((event) => event.user))
      .process(new PassOn())
      .sinkTo(discardSink());
  });
  const graph = chainOperators(job.buildGraph());
  const edge = graph.edges.find(({ partitioning }) => partitioning.kind === 'key-by');
  return edge !== undefined && encodedEdge(graph, edge) !== undefined;
}

/** Has the stream a second reader. */
function alsoTo(read: (events: DataStream<Event>) => void): NonNullable<Shape['between']> {
  return (events) => {
    read(events);
    return events;
  };
}

describe('The records of an edge cross threads encoded', () => {
  it.each<[string, Shape]>([
    ['when a source’s JSON is keyed by a field', {}],
    ['with watermarks of the records’ own timestamps', { watermarks: Watermarks.monotonous() }],
    ['with watermarks of a field', { watermarks: Watermarks.monotonous((event) => event.at) }],
  ])('%s', (_, shape) => {
    expect(isRelayed(shape)).toBe(true);
  });

  it.each<[string, Shape]>([
    ['is chained in between', { between: (events) => events.filter(({ at }) => at > 0) }],
    [
      'reads the source, too',
      { between: alsoTo((events) => events.map(({ at }) => at).sinkTo(discardSink())) },
    ],
    [
      'exchanges the source’s records, too',
      { between: alsoTo((events) => events.rebalance().sinkTo(discardSink())) },
    ],
    ['computes the timestamps', { watermarks: Watermarks.monotonous((event) => event.at + 1) }],
    ['computes the key', { keySelector: (event) => `user ${event.user}` }],
    ['leaves out what can’t be decoded', { settings: { onUndecodable: 'skip' } }],
    ['puts aside what can’t be decoded', { settings: { onUndecodable: { deadLetter: 'dead' } } }],
    ['decodes only some fields', { value: json<Event>({ fields: { user: 'string', at: 'number' } }) }],
  ])('but not when something %s', (_, shape) => {
    expect(isRelayed(shape)).toBe(false);
  });
});
