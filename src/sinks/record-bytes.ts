import type { LogRecord } from '../log/log-port.js';

/** What a record counts for against a byte bound: its key and value. */
export function recordBytes(record: LogRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
