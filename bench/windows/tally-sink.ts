import type { Sink, SinkWriter, SinkWriterContext } from '#dist/sinks/sink.js';
import { addTo, emptyTally, type WindowTally, type WindowTotals } from './window-tally.js';

/** Takes everything and keeps its tally: it costs next to nothing, and tells whether what came was right. */
export function tallySink(): Sink<WindowTotals> {
  return { kind: 'tally-sink', description: '', createWriter: (context) => new TallySinkWriter(context) };
}

/** A part of the tally goes with each checkpoint, so that what a failure takes back is not counted. */
class TallySinkWriter implements SinkWriter<WindowTotals> {
  private readonly context: SinkWriterContext;
  private tally: WindowTally = emptyTally();

  constructor(context: SinkWriterContext) {
    this.context = context;
  }

  write(totals: WindowTotals): void {
    addTo(this.tally, totals);
  }

  async prepare(): Promise<readonly []> {
    const { tally } = this;
    this.tally = emptyTally();
    this.context.report?.(tally);
    return [];
  }

  notifyCheckpointComplete(): void {}
  notifyCheckpointAborted(): void {}
  async close(): Promise<void> {}
}
