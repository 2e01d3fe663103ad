import type { Key } from '../key-groups/key.js';
import type { KeyEncoder } from '../key-groups/key-encoding.js';
import type { CheckpointId } from '../protocol/ids.js';
import type { ByteWriter } from './byte-writer.js';
import type { SegmentWriter } from './delta-segment.js';
import type { KeyContext } from './key-context.js';
import { appendKeyRange, appendWholeKey } from './key-layout.js';

/** Packs the cells of one snapshot. */
export class CellPacker {
  readonly segment: SegmentWriter;
  readonly writer: ByteWriter;
  readonly encoder: KeyEncoder;
  readonly checkpointId: CheckpointId;

  constructor(segment: SegmentWriter, encoder: KeyEncoder, checkpointId: CheckpointId) {
    this.segment = segment;
    this.writer = segment.writer;
    this.encoder = encoder;
    this.checkpointId = checkpointId;
  }

  /** Begins a cell whose key is (or begins with) the context's; true when that is replaced by its address. */
  beginCell(context: KeyContext, stateId: number): boolean {
    this.segment.beginCell();
    return appendKeyRange(this.writer, context.keyGroup, stateId, this.encoder, context.key);
  }

  /**
   * Begins the value, with the whole key before it where the cell's key has only its address. `isNew` where it is
   * certain that nothing is stored under the cell's key.
   */
  beginValue(key: Key, isAddressed: boolean, isNew = false): void {
    this.segment.beginValue(isNew);
    if (isAddressed) appendWholeKey(this.writer, this.encoder, key);
  }
}
