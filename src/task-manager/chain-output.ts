import type { EncodedRecordRelay } from '../exchange/encoded-record-relay.js';
import type { RecordWriter } from '../exchange/record-writer.js';
import type { Output, StreamOperator } from '../operators/stream-operator.js';

/** An output of an operator: one operator chained behind it, or one edge to another vertex. */
export interface OutputTarget {
  collect(value: unknown, timestamp: number): void;
  emitWatermark(timestamp: number): void;
  emitWatermarkStatus(idle: boolean): void;
}

/** A plain function call to the next operator of the chain. */
export class ChainedTarget implements OutputTarget {
  private readonly operator: StreamOperator<unknown>;

  constructor(operator: StreamOperator<unknown>) {
    this.operator = operator;
  }

  collect(value: unknown, timestamp: number): void {
    this.operator.processElement(value, timestamp, 0);
  }

  emitWatermark(timestamp: number): void {
    this.operator.processWatermark(timestamp);
  }

  emitWatermarkStatus(idle: boolean): void {
    this.operator.processWatermarkStatus(idle);
  }
}

/** The channels of an edge. */
export class EdgeTarget implements OutputTarget {
  readonly writer: RecordWriter;
  private numRecordsEmitted = 0;

  constructor(writer: RecordWriter) {
    this.writer = writer;
  }

  get numRecordsOut(): number {
    return this.numRecordsEmitted + (this.writer.relay?.numRecords ?? 0);
  }

  collect(value: unknown, timestamp: number): void {
    this.numRecordsEmitted += 1;
    this.writer.emit(value, timestamp);
  }

  emitWatermark(timestamp: number): void {
    this.writer.broadcastEvent({ kind: 'watermark', timestamp });
  }

  emitWatermarkStatus(idle: boolean): void {
    this.writer.broadcastEvent({ kind: 'watermark-status', idle });
  }
}

/** Where an operator emits: its main targets, and those that read its side outputs. */
export class ChainOutput implements Output<unknown> {
  private readonly main: readonly OutputTarget[];
  /** The only main target, which most operators have: called without a loop. */
  private readonly only: OutputTarget | undefined;
  private readonly sides: ReadonlyMap<string, readonly OutputTarget[]>;
  private readonly all: readonly OutputTarget[];

  constructor(main: readonly OutputTarget[], sides: ReadonlyMap<string, readonly OutputTarget[]>) {
    this.main = main;
    this.only = main.length === 1 ? main[0] : undefined;
    this.sides = sides;
    this.all = [...main, ...[...sides.values()].flat()];
  }

  collect(value: unknown, timestamp: number): void {
    if (this.only !== undefined) {
      this.only.collect(value, timestamp);
      return;
    }
    for (const target of this.main) target.collect(value, timestamp);
  }

  /** Sends records on that are not decoded; undefined where there is a reader who would have to. */
  get relay(): EncodedRecordRelay | undefined {
    return this.only instanceof EdgeTarget ? this.only.writer.relay : undefined;
  }

  /** A side output that nobody reads drops its elements. */
  collectSide(tag: string, value: unknown, timestamp: number): void {
    const targets = this.sides.get(tag);
    if (targets === undefined) return;
    for (const target of targets) target.collect(value, timestamp);
  }

  emitWatermark(timestamp: number): void {
    for (const target of this.all) target.emitWatermark(timestamp);
  }

  emitWatermarkStatus(idle: boolean): void {
    for (const target of this.all) target.emitWatermarkStatus(idle);
  }
}
