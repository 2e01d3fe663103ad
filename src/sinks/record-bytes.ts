import type { LogRecord } from '../log/log-port.js';

/** What a record counts for against a byte bound: its key, value and headers. */
export function recordBytes(record: LogRecord): number {
  let bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  if (record.headers !== undefined) {
    for (const { key, value } of record.headers) bytes += key.length + (value?.length ?? 0);
  }
  return bytes;
}
