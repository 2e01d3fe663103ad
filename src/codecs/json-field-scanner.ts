import { type PlannedField, type PlannedNode, PlannedObject } from './json-fields.js';
import { readNumber } from './json-number.js';
import {
  containerDepthMax,
  endOfUnescapedName,
  isDigit,
  isNamed,
  skipColon,
  skipLiteral,
  skipNumber,
  skipPlain,
  skipString,
  skipValue,
  skipWhitespace,
} from './json-tokens.js';
import type { FieldValue } from './projected-object.js';

// Not shared by import: an imported constant is loaded from its module at each use, and these are used for each name.
const rejected = -1;
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Reads the planned fields of a JSON object straight from its bytes, in one pass that checks everything and builds
 * nothing else. It rejects what is malformed, and leaves to the caller what it can't be sure to read as JSON.parse
 * does: a field of another type (a later one of the same name may still replace it), an object that comes twice, an
 * escaped name beside fields, and very deep nesting.
 */
export class JsonFieldScanner {
  private readonly containers = new Uint8Array(containerDepthMax);

  constructor(
    private readonly root: PlannedObject,
    /** The values found; the caller empties them first. */
    private readonly slots: FieldValue[],
  ) {}

  /** False: not for the scanner, and the slots hold nothing of use. */
  scan(data: Buffer, start: number, end: number): boolean {
    const at = this.readObject(this.root, data, skipWhitespace(data, start), end);
    return at !== rejected && at <= end && skipWhitespace(data, at) >= end;
  }

  /** From the opening brace. Its recursion is as deep as the plan, not as the text. */
  private readObject(object: PlannedObject, data: Buffer, start: number, end: number): number {
    if (data[start] !== openBrace || this.slots[object.slot] !== undefined) return rejected;
    this.slots[object.slot] = true;
    let at = skipWhitespace(data, start + 1);
    if (data[at] === closeBrace) return at + 1;
    // A text cut off is not followed far into what lies behind it.
    while (at < end) {
      if (data[at] !== quote) return rejected;
      const nameStart = at + 1;
      const nameEnd = endOfUnescapedName(data, nameStart);
      if (nameEnd === rejected) return rejected;
      at = skipColon(data, nameEnd + 1);
      if (at === rejected) return rejected;
      const child = childNamed(object, data, nameStart, nameEnd);
      if (child === undefined) at = skipValue(data, at, this.containers);
      else if (child instanceof PlannedObject) at = this.readChildObject(child, data, at, end);
      else at = this.readField(child, data, at);
      if (at === rejected) return rejected;
      at = skipWhitespace(data, at);
      if (data[at] !== comma) return data[at] === closeBrace ? at + 1 : rejected;
      at = skipWhitespace(data, at + 1);
    }
    return rejected;
  }

  private readChildObject(object: PlannedObject, data: Buffer, start: number, end: number): number {
    // Null after an object, or an object after null, is rare and left to the caller.
    if (data[start] === openBrace) return this.readObject(object, data, start, end);
    return this.slots[object.slot] === undefined ? this.readNull(object, data, start) : rejected;
  }

  private readField(field: PlannedField, data: Buffer, start: number): number {
    switch (field.type) {
      case 'string':
        return data[start] === quote
          ? this.readString(field, data, start)
          : this.readNull(field, data, start);
      case 'number':
        return data[start] === minus || isDigit(data[start]!)
          ? this.readNumber(field, data, start)
          : this.readNull(field, data, start);
      case 'boolean':
        return this.readBoolean(field, data, start);
    }
  }

  private readString(field: PlannedField, data: Buffer, start: number): number {
    const at = skipPlain(data, start + 1);
    if (data[at] === quote) {
      this.slots[field.slot] = data.latin1Slice(start + 1, at);
      return at + 1;
    }
    const end = skipString(data, start);
    if (end === rejected) return rejected;
    this.slots[field.slot] = JSON.parse(data.toString('utf8', start, end)) as string;
    return end;
  }

  private readNumber(field: PlannedField, data: Buffer, start: number): number {
    const end = skipNumber(data, start);
    if (end !== rejected) this.slots[field.slot] = readNumber(data, start, end);
    return end;
  }

  private readBoolean(field: PlannedField, data: Buffer, start: number): number {
    const end = skipLiteral(data, start);
    if (end === rejected || isNull(data, start)) return this.readNull(field, data, start);
    this.slots[field.slot] = data[start] === 0x74;
    return end;
  }

  private readNull(node: PlannedNode, data: Buffer, start: number): number {
    if (!isNull(data, start)) return rejected;
    this.slots[node.slot] = null;
    return skipLiteral(data, start);
  }
}

function isNull(data: Buffer, start: number): boolean {
  return data[start] === 0x6e;
}

function childNamed(
  object: PlannedObject,
  data: Buffer,
  start: number,
  end: number,
): PlannedNode | undefined {
  const length = end - start;
  if (((object.nameLengths >>> (length & 31)) & 1) === 0) return undefined;
  const children = object.children;
  for (let index = 0; index < children.length; index += 1) {
    const child = children[index]!;
    if (isNamed(child.nameBytes, data, start, end)) return child;
  }
  return undefined;
}
