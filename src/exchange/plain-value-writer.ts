import { MillraceError } from '../protocol/failures.js';
import { assertPlain, builtInKind, isPlainObject, nestingMax } from '../protocol/plain-value.js';
import type { EncodedRecord } from './encoded-record.js';
import { GrowingBuffer, slackBytes } from './growing-buffer.js';
import { ObjectShape, ObjectShapes } from './object-shape.js';
import { shapesPerBufferMax, shortStringLengthMax, ValueTag } from './value-tags.js';

/**
 * Writes plain values one after another, by the layout in value-tags.
 * After an error the buffer holds half a value: nothing more may be written, the attempt is over.
 */
export class PlainValueWriter extends GrowingBuffer {
  private bufferNumber = 0;
  private readonly shapesInBuffer: ObjectShape[] = [];
  private readonly shapes = new ObjectShapes((names) => this.define(names));
  /** Stands for what the values are written into; its one field is the value. */
  private readonly root = new ObjectShape(['value'], new Uint8Array(0));
  private depth = 0;

  /** Begins a new buffer, which defines its shapes anew; `bytes` may have been given away. */
  beginBuffer(bytes: Buffer): void {
    this.useBuffer(bytes);
    this.bufferNumber += 1;
    this.shapesInBuffer.length = 0;
  }

  /**
   * @param what names the value in an error.
   * @throws MillraceError that names the field which is not plain.
   */
  write(value: unknown, what: string): void {
    this.depth = 0;
    try {
      this.value(value, this.root, 0);
    } catch (error) {
      if (error !== notPlain) throw error;
      assertPlain(value, what);
      throw new MillraceError(`${what} could not be packed, although it is plain.`, {
        domain: 'internal',
        action: 'fail-job',
      });
    }
  }

  writeEncodedRecord({ bytes, valueStart, valueEnd }: EncodedRecord): void {
    const length = valueEnd - valueStart;
    this.reserve(length);
    this.tagAndCount(ValueTag.encodedRecord, length);
    bytes.copy(this.bytes, this.at, valueStart, valueEnd);
    this.at += length;
  }

  private value(value: unknown, parent: ObjectShape, field: number): void {
    if (this.at > this.softEnd) this.reserve(0);
    if (typeof value === 'string') this.string(value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'boolean') this.bytes[this.at++] = value ? ValueTag.true : ValueTag.false;
    else if (value === null) this.bytes[this.at++] = ValueTag.null;
    else if (typeof value === 'object') this.object(value, parent, field);
    else if (value === undefined) this.bytes[this.at++] = ValueTag.undefined;
    else if (typeof value === 'bigint') this.bigint(value);
    else throw notPlain;
  }

  private number(value: number): void {
    const bytes = this.bytes;
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      bytes[this.at++] = ValueTag.float64;
      this.float64(value);
    } else if (value >= 0 && value < 0x80) {
      bytes[this.at++] = value;
    } else if (value >= 0 && value < 0x1_0000) {
      bytes[this.at] = ValueTag.uint16;
      bytes[this.at + 1] = value;
      bytes[this.at + 2] = value >> 8;
      this.at += 3;
    } else {
      bytes[this.at] = ValueTag.int32;
      this.view.setInt32(this.at + 1, value, true);
      this.at += 5;
    }
  }

  private string(text: string): void {
    const length = text.length;
    if (length <= shortStringLengthMax) {
      this.reserve(2 * length);
      const bytes = this.bytes;
      const start = this.at + 1;
      let allUnits = 0;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        allUnits |= unit;
        bytes[start + i] = unit;
      }
      if (allUnits <= 0xff) {
        bytes[this.at] = ValueTag.shortString | length;
        this.at = start + length;
        return;
      }
    } else {
      this.reserve(3 * length);
      // UTF-8 as long as the string is ASCII, which is one byte a character.
      if (this.bytes.utf8Write(text, this.at + 5) === length) {
        this.tagAndCount(ValueTag.oneByteString, length);
        this.at += length;
        return;
      }
    }
    this.tagAndCount(ValueTag.twoByteString, length);
    this.at += this.bytes.ucs2Write(text, this.at);
  }

  private tagAndCount(tag: number, count: number): void {
    this.bytes[this.at] = tag;
    this.view.setUint32(this.at + 1, count, true);
    this.at += 5;
  }

  private object(value: object, parent: ObjectShape, field: number): void {
    if (this.depth > nestingMax) throw notPlain;
    this.depth += 1;
    if (Object.getPrototypeOf(value) === Object.prototype) {
      this.plainObject(value as Readonly<Record<string, unknown>>, parent, field);
    } else this.builtIn(value, parent, field);
    this.depth -= 1;
  }

  private array(items: readonly unknown[], parent: ObjectShape, field: number): void {
    if (items.length <= 0xff) {
      this.bytes[this.at++] = ValueTag.shortArray;
      this.bytes[this.at++] = items.length;
    } else this.tagAndCount(ValueTag.array, items.length);
    for (let i = 0; i < items.length; i++) this.value(items[i], parent, field);
  }

  private builtIn(value: object, parent: ObjectShape, field: number): void {
    const kind = builtInKind(value);
    switch (kind) {
      case 'array':
        this.array(value as unknown[], parent, field);
        return;
      case 'date':
        this.bytes[this.at++] = ValueTag.date;
        this.float64((value as Date).getTime());
        return;
      case 'bytes':
        this.byteString(value as Uint8Array);
        return;
      case 'map': {
        const map = value as ReadonlyMap<unknown, unknown>;
        this.tagAndCount(ValueTag.map, map.size);
        for (const [key, item] of map) {
          this.value(key, parent, field);
          this.value(item, parent, field);
        }
        return;
      }
      case 'set': {
        const set = value as ReadonlySet<unknown>;
        this.tagAndCount(ValueTag.set, set.size);
        for (const item of set) this.value(item, parent, field);
        return;
      }
      case undefined:
        if (!isPlainObject(value)) throw notPlain;
        this.plainObject(value as Readonly<Record<string, unknown>>, parent, field);
    }
  }

  private byteString(source: Uint8Array): void {
    this.reserve(source.length);
    this.tagAndCount(Buffer.isBuffer(source) ? ValueTag.buffer : ValueTag.bytes, source.length);
    this.bytes.set(source, this.at);
    this.at += source.length;
  }

  private bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.bytes[this.at] = ValueTag.bigint64;
      this.view.setBigInt64(this.at + 1, value, true);
      this.at += 9;
    } else {
      this.bytes[this.at++] = ValueTag.largeBigint;
      this.string(value.toString());
    }
  }

  private plainObject(value: Readonly<Record<string, unknown>>, parent: ObjectShape, field: number): void {
    const expected = parent.below[field];
    const shape =
      expected !== undefined && hasShape(value, expected) ? expected : this.shapes.find(Object.keys(value));
    if (shape === undefined || !this.shapeHeader(shape)) {
      this.dictionary(value, parent, field);
      return;
    }
    parent.below[field] = shape;
    let index = 0;
    for (const name in value) this.value(value[name], shape, index++);
  }

  private dictionary(value: Readonly<Record<string, unknown>>, parent: ObjectShape, field: number): void {
    const names = Object.keys(value);
    this.tagAndCount(ValueTag.dictionary, names.length);
    for (const name of names) {
      this.value(name, parent, field);
      this.value(value[name], parent, field);
    }
  }

  private define(names: readonly string[]): Uint8Array {
    const definition = new PlainValueWriter(slackBytes);
    for (const name of names) definition.string(name);
    return definition.bytes.subarray(0, definition.at);
  }

  /** Refers to the shape, defining it at its first use in the buffer; false when the buffer is full of shapes. */
  private shapeHeader(shape: ObjectShape): boolean {
    if (shape.definedInBuffer === this.bufferNumber) {
      this.bytes[this.at++] = ValueTag.object;
      this.bytes[this.at++] = shape.numberInBuffer;
      return true;
    }
    if (this.shapesInBuffer.length === shapesPerBufferMax) return false;
    shape.definedInBuffer = this.bufferNumber;
    shape.numberInBuffer = this.shapesInBuffer.length;
    this.shapesInBuffer.push(shape);
    this.reserve(shape.definition.length);
    this.tagAndCount(ValueTag.shapedObject, shape.definition.length);
    this.bytes.set(shape.definition, this.at);
    this.at += shape.definition.length;
    return true;
  }
}

/** Thrown inside and turned into an error that names the field once it is known that there is one. */
const notPlain = Symbol('not plain');

/** Names of one job's objects are mostly the very same strings, so this compares pointers. */
function hasShape(value: object, shape: ObjectShape): boolean {
  const names = shape.names;
  let count = 0;
  for (const name in value) if (names[count++] !== name) return false;
  return count === names.length;
}
