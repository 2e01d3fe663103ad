import type { CheckpointId } from '../protocol/ids.js';
import { NO_TIMESTAMP, type StreamEvent } from '../protocol/stream-elements.js';
import { ElementKind } from './channel.js';
import type { EncodedRecord, EncodedRecordDecoder } from './encoded-record.js';
import { ownBuffer } from './growing-buffer.js';
import { damaged, PlainValueReader } from './plain-value-reader.js';
import { PlainValueWriter } from './plain-value-writer.js';
import { noOrigin, type RecordOrigin } from './record-origin.js';
import { elementTagMask, OriginReader, OriginWriter } from './record-origin-codec.js';

/**
 * A buffer: u8 format version, u32 its length in bytes, then elements one after another, each packed as it
 * was emitted. An element begins with one of the bytes below; a record's time follows as the step from the
 * record before it, and then its origin likewise. Invariant: a buffer can be read without any other, so it may
 * also be kept (with a checkpoint) and read again by another channel. The version is for that case.
 */
const ElementTag = {
  /** The time of the record before it in this buffer; of the first one, NO_TIMESTAMP. */
  recordOfSameTime: 1,
  /** i32 milliseconds after the record before it. */
  recordOfNearTime: 2,
  /** f64 its time. */
  recordOfAnyTime: 3,
  /** f64 its time. */
  watermark: 4,
  idle: 5,
  active: 6,
  /** f64 checkpoint id, f64 triggered at. */
  barrier: 7,
  endOfInput: 8,
} as const;

const formatVersion = 2;
const headerBytes = 5;

/**
 * A buffer is sent when it holds so many bytes. Handing one over costs 2–4 µs; at 32 KB that is a few per
 * cent of what packing its records costs, and larger ones would only fall out of the processor's cache.
 */
export const bufferBytesTarget = 32 * 1024;
/** Allocated beyond the target, so that the record that reaches it rarely has to move the buffer. */
const bufferBytesBeyondTarget = 4 * 1024;

/** Packs elements into a buffer, and hands it over when asked. */
export class BufferWriter {
  private readonly values: PlainValueWriter;
  private readonly recordName: string;
  private readonly bytesTarget: number;
  private readonly origin: RecordOrigin;
  private lastTimestamp = NO_TIMESTAMP;
  private readonly origins = new OriginWriter();

  /**
   * @param recordName begins the sentence of an error, as in "A record of operator 'enrich'".
   * @param origin of each record, at the time when it is written.
   */
  constructor(recordName: string, origin: RecordOrigin = noOrigin, bytesTarget: number = bufferBytesTarget) {
    this.recordName = recordName;
    this.origin = origin;
    this.bytesTarget = bytesTarget;
    this.values = new PlainValueWriter(bytesTarget + bufferBytesBeyondTarget);
    this.values.at = headerBytes;
  }

  get isEmpty(): boolean {
    return this.values.at === headerBytes;
  }

  get isFull(): boolean {
    return this.values.at >= this.bytesTarget;
  }

  /** @throws MillraceError that names the field, for a value that is not plain; nothing may be written after it. */
  writeRecord(value: unknown, timestamp: number): void {
    this.beginRecord(timestamp);
    this.values.write(value, this.recordName);
  }

  writeEncodedRecord(record: EncodedRecord, timestamp: number): void {
    this.beginRecord(timestamp);
    this.values.writeEncodedRecord(record);
  }

  private beginRecord(timestamp: number): void {
    const values = this.values;
    values.reserve(0);
    const tagAt = values.at;
    const step = timestamp - this.lastTimestamp;
    // A step can't tell 0 from -0.
    if (timestamp === 0) this.writeTag(ElementTag.recordOfAnyTime, timestamp);
    else if (step === 0) {
      values.bytes[values.at++] = ElementTag.recordOfSameTime;
    } else if ((step | 0) === step && this.lastTimestamp + step === timestamp) {
      values.bytes[values.at] = ElementTag.recordOfNearTime;
      values.view.setInt32(values.at + 1, step, true);
      values.at += 5;
    } else this.writeTag(ElementTag.recordOfAnyTime, timestamp);
    this.lastTimestamp = timestamp;
    this.origins.write(values, tagAt, this.origin);
  }

  writeEvent(event: StreamEvent): void {
    this.values.reserve(0);
    switch (event.kind) {
      case 'watermark':
        this.writeTag(ElementTag.watermark, event.timestamp);
        return;
      case 'watermark-status':
        this.writeTag(event.idle ? ElementTag.idle : ElementTag.active);
        return;
      case 'barrier':
        this.writeTag(ElementTag.barrier, event.checkpointId, event.triggeredAtMs);
        return;
      case 'end-of-input':
        this.writeTag(ElementTag.endOfInput);
        return;
    }
  }

  /**
   * What was written since the last call, and begins a new buffer. A buffer that is mostly empty is copied to
   * one of its size, and its space used again; a full one is given away.
   */
  take(): ArrayBuffer {
    const { values } = this;
    const length = values.at;
    values.bytes[0] = formatVersion;
    values.view.setUint32(1, length, true);
    const isMostlyEmpty = length < this.bytesTarget / 2;
    const taken = isMostlyEmpty ? arrayBufferOf(values).slice(0, length) : arrayBufferOf(values);
    values.beginBuffer(isMostlyEmpty ? values.bytes : ownBuffer(this.bytesTarget + bufferBytesBeyondTarget));
    values.at = headerBytes;
    this.lastTimestamp = NO_TIMESTAMP;
    this.origins.beginBuffer();
    return taken;
  }

  private writeTag(tag: number, first?: number, second?: number): void {
    const values = this.values;
    values.bytes[values.at++] = tag;
    if (first !== undefined) values.float64(first);
    if (second !== undefined) values.float64(second);
  }
}

/** The bytes of a buffer that are in use. */
export function bufferLength(buffer: ArrayBuffer): number {
  return new DataView(buffer).getUint32(1, true);
}

/** Reads a channel's buffers, one after the other, element by element. */
export class BufferReader {
  value: unknown = undefined;
  timestamp = NO_TIMESTAMP;
  event: StreamEvent = { kind: 'end-of-input' };
  private readonly values: PlainValueReader;
  private readonly origins = new OriginReader();
  private end = 0;

  /** @param decoder of the records that come encoded; undefined where none do. */
  constructor(decoder?: EncodedRecordDecoder) {
    this.values = new PlainValueReader(decoder, this.origins);
  }

  /** Of the record that was read last. */
  get origin(): RecordOrigin {
    return this.origins;
  }

  /** @throws MillraceError for a buffer of another format. */
  begin(buffer: ArrayBuffer): void {
    const version = new Uint8Array(buffer)[0];
    if (version !== formatVersion) throw damaged(`its format is ${version}, and not ${formatVersion}`);
    this.end = bufferLength(buffer);
    this.values.beginBuffer(Buffer.from(buffer, 0, this.end));
    this.values.at = headerBytes;
    this.timestamp = NO_TIMESTAMP;
    this.origins.beginBuffer();
  }

  next(): ElementKind {
    const values = this.values;
    if (values.at >= this.end) return this.exhausted();
    const tag = values.byte();
    switch (tag & elementTagMask) {
      case ElementTag.recordOfSameTime:
        break;
      case ElementTag.recordOfNearTime:
        this.timestamp += values.int32();
        break;
      case ElementTag.recordOfAnyTime:
        this.timestamp = values.float64();
        break;
      default:
        this.event = this.readEvent(tag);
        return ElementKind.event;
    }
    if (tag > elementTagMask) this.origins.read(values, tag);
    this.value = values.read();
    return ElementKind.record;
  }

  private exhausted(): ElementKind {
    // The last record must not live until the next buffer comes.
    this.value = undefined;
    return ElementKind.exhausted;
  }

  private readEvent(tag: number): StreamEvent {
    const values = this.values;
    switch (tag) {
      case ElementTag.watermark:
        return { kind: 'watermark', timestamp: values.float64() };
      case ElementTag.idle:
        return { kind: 'watermark-status', idle: true };
      case ElementTag.active:
        return { kind: 'watermark-status', idle: false };
      case ElementTag.barrier: {
        const checkpointId = values.float64() as CheckpointId;
        return { kind: 'barrier', checkpointId, triggeredAtMs: values.float64() };
      }
      case ElementTag.endOfInput:
        return { kind: 'end-of-input' };
      default:
        throw damaged(`byte ${values.at - 1} is ${tag}, which begins no element`);
    }
  }
}

/** The writer's buffers are its own from their first byte on. */
function arrayBufferOf(values: PlainValueWriter): ArrayBuffer {
  return values.bytes.buffer as ArrayBuffer;
}
