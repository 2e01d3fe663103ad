import { MillraceError } from '../protocol/failures.js';
import type { EncodedRecordDecoder } from './encoded-record.js';
import { noOrigin, type RecordOrigin } from './record-origin.js';
import { shortStringLengthMax, ValueTag } from './value-tags.js';

/** Longer substrings would keep the whole buffer's text alive in V8 (its SlicedString::kMinLength). */
const copiedSubstringLengthMax = 12;

type ObjectReader = (reader: PlainValueReader) => object;

/**
 * Reads what PlainValueWriter wrote, one value after another. Strings never hold on to the buffer: state may
 * keep a single field of a record for weeks.
 */
export class PlainValueReader {
  /** Where the next byte comes from. */
  at = 0;
  /** Both are set by `beginBuffer` before anything is read. */
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** The whole buffer as one-byte text: cutting a short string out of it costs a tenth of a copy of its own. */
  private text = '';
  private readonly shapes: ObjectReader[] = [];
  private readonly readersByDefinition = new Map<string, ObjectReader>();
  private readonly decoder: EncodedRecordDecoder | undefined;
  private readonly origin: RecordOrigin;

  /** @param origin of the record that is being read. */
  constructor(decoder?: EncodedRecordDecoder, origin: RecordOrigin = noOrigin) {
    this.decoder = decoder;
    this.origin = origin;
  }

  beginBuffer(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.text = bytes.latin1Slice(0, bytes.length);
    this.at = 0;
    this.shapes.length = 0;
  }

  read(): unknown {
    const tag = this.bytes[this.at++]!;
    if (tag < ValueTag.shortString) return tag;
    if (tag < ValueTag.null) {
      const start = this.at;
      const end = start + (tag & shortStringLengthMax);
      this.at = end;
      if (end - start <= copiedSubstringLengthMax) return this.text.substring(start, end);
      return this.bytes.latin1Slice(start, end);
    }
    return this.readTagged(tag);
  }

  private readTagged(tag: number): unknown {
    switch (tag) {
      case ValueTag.object:
        return this.shapes[this.bytes[this.at++]!]!(this);
      case ValueTag.encodedRecord:
        return this.encodedRecord();
      case ValueTag.shapedObject:
        return this.shapedObject();
      case ValueTag.float64:
        return this.float64();
      case ValueTag.true:
        return true;
      case ValueTag.false:
        return false;
      case ValueTag.null:
        return null;
      case ValueTag.undefined:
        return undefined;
      case ValueTag.uint16:
        this.at += 2;
        return this.view.getUint16(this.at - 2, true);
      case ValueTag.int32:
        return this.int32();
      case ValueTag.oneByteString: {
        const start = this.skipCounted(1);
        return this.bytes.latin1Slice(start, this.at);
      }
      case ValueTag.twoByteString: {
        const start = this.skipCounted(2);
        return this.bytes.ucs2Slice(start, this.at);
      }
      case ValueTag.shortArray:
        return this.array(this.bytes[this.at++]!);
      case ValueTag.array:
        return this.array(this.uint32());
      default:
        return this.readRare(tag);
    }
  }

  private readRare(tag: number): unknown {
    switch (tag) {
      case ValueTag.bigint64:
        this.at += 8;
        return this.view.getBigInt64(this.at - 8, true);
      case ValueTag.largeBigint:
        return BigInt(this.read() as string);
      case ValueTag.date:
        return new Date(this.float64());
      case ValueTag.bytes: {
        const start = this.skipCounted(1);
        return new Uint8Array(this.bytes.subarray(start, this.at));
      }
      case ValueTag.buffer: {
        const start = this.skipCounted(1);
        return Buffer.from(this.bytes.subarray(start, this.at));
      }
      case ValueTag.map: {
        const map = new Map<unknown, unknown>();
        for (let left = this.uint32(); left > 0; left--) {
          const key = this.read();
          map.set(key, this.read());
        }
        return map;
      }
      case ValueTag.set: {
        const set = new Set<unknown>();
        for (let left = this.uint32(); left > 0; left--) set.add(this.read());
        return set;
      }
      case ValueTag.dictionary:
        return this.dictionary();
      default:
        throw damaged(`byte ${this.at - 1} of the buffer is 0x${tag.toString(16)}, which begins no value`);
    }
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  int32(): number {
    this.at += 4;
    return this.view.getInt32(this.at - 4, true);
  }

  float64(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  uint32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  /** Moves past a count and so many units of `unitBytes`, and returns where these begin. */
  private skipCounted(unitBytes: 1 | 2): number {
    const length = this.uint32() * unitBytes;
    const start = this.at;
    this.at += length;
    return start;
  }

  private encodedRecord(): unknown {
    if (this.decoder === undefined)
      throw damaged(`byte ${this.at - 1} begins an encoded record, of which there are none`);
    const valueStart = this.skipCounted(1);
    return this.decoder.decode({ bytes: this.bytes, valueStart, valueEnd: this.at }, this.origin);
  }

  private array(length: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.push(this.read());
    return items;
  }

  private dictionary(): object {
    const entries: [string, unknown][] = [];
    for (let left = this.uint32(); left > 0; left--) {
      const name = this.read() as string;
      entries.push([name, this.read()]);
    }
    return Object.fromEntries(entries);
  }

  private shapedObject(): object {
    const start = this.skipCounted(1);
    const end = this.at;
    const definition = this.bytes.latin1Slice(start, end);
    let reader = this.readersByDefinition.get(definition);
    if (reader === undefined) {
      reader = compileObjectReader(this.namesWithin(start, end));
      this.readersByDefinition.set(definition, reader);
    }
    this.shapes.push(reader);
    return reader(this);
  }

  private namesWithin(start: number, end: number): string[] {
    const names: string[] = [];
    this.at = start;
    while (this.at < end) names.push(this.read() as string);
    return names;
  }
}

/**
 * A function that makes an object by one literal. Setting its fields by computed names one after another
 * takes several times as long, and this is done for each record. `__proto__` is a field like others only in
 * brackets, which are slow. A sender has a bounded number of shapes, so there are as many readers.
 */
function compileObjectReader(names: readonly string[]): ObjectReader {
  const fields = names.map((name) => {
    const quoted = JSON.stringify(name);
    return `${name === '__proto__' ? `[${quoted}]` : quoted}: reader.read()`;
  });
  return new Function('reader', `return { ${fields.join(', ')} };`) as ObjectReader;
}

export function damaged(what: string): MillraceError {
  return new MillraceError(
    `A buffer from another subtask can't be read: ${what}. Both threads must run the same version of Millrace; if they do, this is an error in it.`,
    { domain: 'internal', action: 'restart' },
  );
}
