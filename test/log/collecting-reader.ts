import type { Isolation, LogBatch, LogClient, LogReader, TopicPartition } from '../../src/log/log-port.js';
import type { OffsetResetStrategy, PositionReset } from '../../src/log/position-reset.js';

/** What a reader showed, as plain values. */
export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
}

export interface PartitionStart extends TopicPartition {
  readonly position: number;
  readonly stopPosition?: number;
}

/** Reads partitions as a task would: polls when it is told to, copies what it sees, releases. */
export class CollectingReader {
  readonly seen: SeenRecord[] = [];
  readonly errors: Error[] = [];
  readonly resets: PositionReset[] = [];
  readonly positions = new Map<number, number>();
  readonly reader: LogReader;
  availableCalls = 0;
  private wake: () => void = () => {};

  constructor(
    client: LogClient,
    starts: readonly PartitionStart[],
    prefetchBytes = 4 * 1024 * 1024,
    isolation?: Isolation,
    onOffsetOutOfRange?: OffsetResetStrategy,
  ) {
    this.reader = client.openReader({
      prefetchBytes,
      isolation,
      onOffsetOutOfRange,
      onReset: (reset) => this.resets.push(reset),
      onAvailable: () => {
        this.availableCalls++;
        this.wake();
      },
      onError: (error) => {
        this.errors.push(error);
        this.wake();
      },
    });
    for (const start of starts) this.reader.addPartition(start, start.position, start.stopPosition);
  }

  /** Until so many records were seen; throws when they don't come in time. */
  async untilSeen(count: number, timeoutMs = 20_000): Promise<readonly SeenRecord[]> {
    await this.until(() => this.seen.length >= count, timeoutMs, `${count} records`);
    return this.seen;
  }

  async untilPosition(partition: number, position: number, timeoutMs = 20_000): Promise<void> {
    await this.until(
      () => (this.positions.get(partition) ?? 0) >= position,
      timeoutMs,
      `position ${position}`,
    );
  }

  async untilError(timeoutMs = 20_000): Promise<Error> {
    await this.until(() => this.errors.length > 0, timeoutMs, 'an error', true);
    return this.errors[0] as Error;
  }

  valuesOf(partition: number): (string | null)[] {
    return this.seen.filter((record) => record.partition === partition).map((record) => record.value);
  }

  drain(): void {
    for (let batch = this.reader.poll(); batch !== undefined; batch = this.reader.poll()) {
      while (batch.next()) this.seen.push(copyOf(batch));
      this.positions.set(batch.partition, batch.positionAfter);
      batch.release();
    }
  }

  private async until(
    isReached: () => boolean,
    timeoutMs: number,
    what: string,
    errorsWanted = false,
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.drain();
      if (isReached()) return;
      if (!errorsWanted && this.errors[0] !== undefined) throw this.errors[0];
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(`Waited ${timeoutMs} ms for ${what}; seen: ${this.seen.length} records.`);
      await Promise.race([woken, sleep(leftMs)]);
    }
  }
}

export function copyOf(batch: LogBatch): SeenRecord {
  return {
    partition: batch.partition,
    offset: batch.offset,
    timestamp: batch.timestamp,
    key: batch.keyStart < 0 ? null : batch.bytes.toString('utf8', batch.keyStart, batch.keyEnd),
    value: batch.valueStart < 0 ? null : batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd),
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
