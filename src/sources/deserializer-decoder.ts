import type { LogBatch } from '../log/log-port.js';
import { BatchRecordView, type RecordDeserializer } from './consumer-record.js';
import type { RecordDecoder } from './record-decoder.js';

/** Shows each record whole to a deserializer of the user's. */
export class DeserializerDecoder<T> implements RecordDecoder<T> {
  private readonly deserializer: RecordDeserializer<T>;
  private readonly view = new BatchRecordView();

  constructor(deserializer: RecordDeserializer<T>) {
    this.deserializer = deserializer;
  }

  decode(batch: LogBatch): T {
    return this.deserializer.deserialize(this.view.show(batch));
  }
}
