import type { PreparedTransaction } from '../log/log-transactions.js';
import type { Sink, SinkWriter } from './sink.js';

/** Takes everything and keeps nothing: to measure what is before it. */
export function discardSink<T>(): Sink<T> {
  return discard;
}

const discardWriter: SinkWriter<unknown> = {
  write() {},
  async prepare(): Promise<readonly PreparedTransaction[]> {
    return [];
  },
  notifyCheckpointComplete() {},
  notifyCheckpointAborted() {},
  async close() {},
};

const discard: Sink<unknown> = {
  kind: 'discard-sink',
  description: '',
  createWriter: () => discardWriter,
};
