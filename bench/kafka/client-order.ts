/** What one client is to do in a process of its own. */
export interface ClientOrder {
  readonly client: 'millrace' | 'kafkajs';
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  /** How kafkajs hands over what it has read. */
  readonly kafkajsReads: 'eachBatch' | 'eachMessage';
  /** The events' own length of about 1 KB, or cut to so many bytes. */
  readonly valueBytes: number | undefined;
}

/** Printed as one line of JSON. */
export interface ClientReport {
  readonly recordsPerSecond: number;
  readonly cpuMicrosecondsPerRecord: number;
}

/** Measures from its making on: the process's start and its connecting are no part of a client's rate. */
export class ClientMeter {
  private readonly startedAtMs = performance.now();
  private readonly cpuBefore = process.cpuUsage();

  report(records: number): ClientReport {
    const { user, system } = process.cpuUsage(this.cpuBefore);
    return {
      recordsPerSecond: (records / (performance.now() - this.startedAtMs)) * 1_000,
      cpuMicrosecondsPerRecord: (user + system) / records,
    };
  }
}
