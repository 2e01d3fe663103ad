import { describe, expect, it } from 'vitest';
import type { TextOutput } from '../../src/host/standard-output.js';
import { checkpointId } from '../../src/protocol/ids.js';
import { collectSink } from '../../src/sinks/collect-sink.js';
import { discardSink } from '../../src/sinks/discard-sink.js';
import { printSink } from '../../src/sinks/print-sink.js';
import { SinkContextOfTest } from './sink-context.js';

const chk = checkpointId;

class CollectingOutput implements TextOutput {
  text = '';
  isFull = false;
  flushes = 0;
  drain: () => void = () => {};

  write(text: string): boolean {
    this.text += text;
    return !this.isFull;
  }

  onDrain(callback: () => void): void {
    this.drain = callback;
  }

  async flush(): Promise<void> {
    this.flushes += 1;
  }
}

describe('the print sink', () => {
  const printed = (
    values: readonly unknown[],
    parallelism: number,
    subtask: number,
    name?: string,
  ): string => {
    const output = new CollectingOutput();
    const sink = printSink<unknown>(name === undefined ? { output } : { output, name });
    const writer = sink.createWriter(new SinkContextOfTest().context({ parallelism, subtask }));
    for (const value of values) writer.write(value, 0);
    return output.text;
  };

  it('prints a line for each element, with the subtask from 1 when there are several', () => {
    expect(printed(['a', 'b'], 1, 0)).toBe('a\nb\n');
    expect(printed(['a'], 4, 2)).toBe('3> a\n');
    expect(printed(['a'], 4, 2, 'hits')).toBe('hits:3> a\n');
    expect(printed(['a'], 1, 0, 'hits')).toBe('hits> a\n');
  });

  it('prints every plain type whole and on one line', () => {
    const deep = { a: { b: { c: { d: [1n, new Map([['k', new Set([1])]]), 'line\nbreak', new Date(0)] } } } };
    const line = printed([deep, Array.from({ length: 200 }, (_, i) => i)], 1, 0);
    expect(line).toContain("{ a: { b: { c: { d: [ 1n, Map(1) { 'k' => Set(1) { 1 } }, 'line\\nbreak', 1970-");
    expect(line).toContain(' 199 ]');
    expect(line.split('\n')).toHaveLength(3);
  });

  it('holds its task while the output is full, and flushes at a barrier', async () => {
    const output = new CollectingOutput();
    const surroundings = new SinkContextOfTest();
    const writer = printSink<string>({ output }).createWriter(surroundings.context());
    output.isFull = true;
    writer.write('a', 0);
    writer.write('b', 0);
    expect(surroundings.availability.isAvailable).toBe(false);
    output.drain();
    expect(surroundings.availability.isAvailable).toBe(true);
    expect(await writer.prepare(chk(1))).toEqual([]);
    expect(output.flushes).toBe(1);
  });
});

describe('the collect sink', () => {
  it('reports each element once, with the barrier behind it', async () => {
    const surroundings = new SinkContextOfTest();
    const writer = collectSink<number>().createWriter(surroundings.context());
    writer.write(1, 0);
    writer.write(2, 0);
    expect(surroundings.reported).toEqual([]);
    const prepared = writer.prepare(chk(1));
    // Within the call: what the runtime hears until it returns belongs to this checkpoint.
    expect(surroundings.reported).toEqual([1, 2]);
    writer.write(3, 0);
    await prepared;
    expect(surroundings.reported).toEqual([1, 2]);
    await writer.prepare(chk(2));
    expect(surroundings.reported).toEqual([1, 2, 3]);
  });

  it('refuses a run in which nobody collects', () => {
    const { report: _, ...context } = new SinkContextOfTest().context();
    expect(() => collectSink().createWriter(context)).toThrow(/nobody collects in this run/);
  });
});

describe('the discard sink', () => {
  it('takes everything and prepares nothing', async () => {
    const writer = discardSink<number>().createWriter(new SinkContextOfTest().context());
    writer.write(1, 0);
    expect(await writer.prepare(chk(1))).toEqual([]);
  });
});
