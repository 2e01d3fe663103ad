import { crc32c } from '@node-rs/crc32';
import type { CheckpointId, ExecutionAttempt, OperatorUid } from '../protocol/ids.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * The changes between two snapshots of one operator's subtask, as one immutable file. Invariant: it stands
 * for itself, so that segments can be read, merged, uploaded and deleted one by one; and a torn or foreign
 * file is recognised, since it would put another moment's state into a checkpoint.
 *
 *   'MRSG' | version u16 | header size u16 | header (JSON) | cells u32
 *   each cell: key size u16 (and 0x8000: new) | value size u32 (0xffffffff: removed) | key | value
 *   CRC32C u32 of everything before it
 *
 * No key is twice in one segment. A cell is marked new where neither the base nor an earlier segment has a value
 * under its key: when it is removed before it is merged, the merge has nothing to do. Version 1 had no such marks.
 */
export interface SegmentHeader {
  readonly storeId: string;
  readonly generation: number;
  readonly operatorUid: OperatorUid;
  readonly attempt: ExecutionAttempt;
  readonly checkpointId: CheckpointId;
}

/** Packs cells one after another; the key and the value of each are written straight into `writer`. */
export class SegmentWriter {
  readonly writer: ByteWriter;
  cellCount = 0;
  private readonly countAt: number;
  private cellAt = 0;
  private valueAt = 0;

  /** Takes `writer` over until `finish`. */
  constructor(writer: ByteWriter, header: SegmentHeader) {
    this.writer = writer;
    writer.reset();
    writer.append(magic);
    writer.u16(segmentVersion);
    const headerBytes = Buffer.from(JSON.stringify(header));
    writer.u16(headerBytes.length);
    writer.append(headerBytes);
    this.countAt = writer.length;
    writer.u32(0);
  }

  /** The key follows, by writing to `writer`. */
  beginCell(): void {
    const writer = this.writer;
    this.cellAt = writer.length;
    writer.reserve(cellHeaderBytes);
    writer.length += cellHeaderBytes;
    this.cellCount += 1;
  }

  /** The key is complete; the value follows. */
  beginValue(isNew = false): void {
    this.valueAt = this.writer.length;
    const keySize = this.valueAt - this.cellAt - cellHeaderBytes;
    this.writer.setU16(this.cellAt, isNew ? keySize | newMark : keySize);
  }

  /** Returns the size of the value. */
  endCell(): number {
    const size = this.writer.length - this.valueAt;
    this.writer.setU32(this.cellAt + 2, size);
    return size;
  }

  /** In place of `beginValue` and `endCell`: the cell is removed. */
  endRemovedCell(): void {
    this.writer.setU16(this.cellAt, this.writer.length - this.cellAt - cellHeaderBytes);
    this.writer.setU32(this.cellAt + 2, removedMark);
  }

  /** The whole file, in memory of its own. */
  finish(): Segment {
    this.writer.setU32(this.countAt, this.cellCount);
    const crc = crc32c(this.writer.written());
    this.writer.u32(crc);
    return {
      bytes: this.writer.copy(),
      crc32c: crc,
      firstCellAt: this.countAt + 4,
      cellCount: this.cellCount,
    };
  }
}

/** A whole, verified segment. */
export interface Segment {
  readonly bytes: Buffer;
  readonly crc32c: number;
  readonly firstCellAt: number;
  readonly cellCount: number;
}

/** Walks the cells of a segment; the fields are those of the current one. */
export class SegmentCursor {
  readonly bytes: Buffer;
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  removed = false;
  /** Neither the base nor an earlier segment has a value under its key. */
  isNew = false;
  private cellsLeft: number;
  private at: number;

  constructor(segment: Segment) {
    this.bytes = segment.bytes;
    this.cellsLeft = segment.cellCount;
    this.at = segment.firstCellAt;
  }

  next(): boolean {
    if (this.cellsLeft === 0) return false;
    this.cellsLeft -= 1;
    const markedKeySize = this.bytes.readUInt16BE(this.at);
    const keySize = markedKeySize & ~newMark;
    const valueSize = this.bytes.readUInt32BE(this.at + 2);
    this.removed = valueSize === removedMark;
    this.isNew = keySize !== markedKeySize;
    this.keyStart = this.at + cellHeaderBytes;
    this.keyEnd = this.keyStart + keySize;
    this.valueStart = this.keyEnd;
    this.valueEnd = this.keyEnd + (this.removed ? 0 : valueSize);
    this.at = this.valueEnd;
    return true;
  }
}

/**
 * Reads a segment file.
 * @throws SegmentDamage saying what is wrong with it, as the end of a sentence about the file.
 */
export function readSegment(
  file: Uint8Array,
  expected: SegmentHeader & { readonly crc32c: number },
): Segment {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < smallestFileBytes) throw new SegmentDamage('is cut off');
  if (!bytes.subarray(0, 4).equals(magic)) throw new SegmentDamage('is no segment file');
  const version = bytes.readUInt16BE(4);
  if (version === 0 || version > segmentVersion) {
    throw new SegmentDamage(
      `has format version ${version}, and this Millrace reads versions up to ${segmentVersion}`,
    );
  }
  const end = bytes.length - crcBytes;
  const crc = crc32c(bytes.subarray(0, end));
  if (crc !== bytes.readUInt32BE(end)) throw new SegmentDamage('is damaged (its checksum does not match)');
  const headerEnd = 8 + bytes.readUInt16BE(6);
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as SegmentHeader;
  if (crc !== expected.crc32c || !isSameOrigin(header, expected)) {
    throw new SegmentDamage('is not the one that the checkpoint names');
  }
  return { bytes, crc32c: crc, firstCellAt: headerEnd + 4, cellCount: bytes.readUInt32BE(headerEnd) };
}

export class SegmentDamage extends Error {
  override readonly name = 'SegmentDamage';
}

function isSameOrigin(a: SegmentHeader, b: SegmentHeader): boolean {
  return (
    a.storeId === b.storeId &&
    a.generation === b.generation &&
    a.operatorUid === b.operatorUid &&
    a.attempt === b.attempt &&
    a.checkpointId === b.checkpointId
  );
}

const magic = Buffer.from('MRSG');
const segmentVersion = 2;
const cellHeaderBytes = 6;
const removedMark = 0xffff_ffff;
/** Keys are far shorter (see key-layout). */
const newMark = 0x8000;
const crcBytes = 4;
const smallestFileBytes = 4 + 2 + 2 + 4 + crcBytes;
