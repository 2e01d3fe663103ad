import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyEncoder } from '../../src/key-groups/key-encoding.js';
import { ByteWriter } from '../../src/state/byte-writer.js';
import {
  appendEndOfRange,
  appendKeyRange,
  appendListPosition,
  appendMapKey,
  appendTimerKey,
  appendTimestamp,
  appendWholeKey,
  inlineKeyBytesMax,
  isAddress,
  readListPosition,
  readTimestamp,
  readWholeKey,
  skipWholeKey,
} from '../../src/state/key-layout.js';

const encoder = new KeyEncoder();
/** The first 20 bytes of SHA-256 of the encoded key, computed with Python's hashlib. */
const longKeyHash = 'f19b20436b2012e4f6c67e66760f4615e077add1';

function written(write: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(4);
  write(writer);
  return writer.copy();
}

describe('The layout of state in keys', () => {
  // A file format: these vectors are never changed.
  it.each([
    [
      'value',
      (writer: ByteWriter) => appendKeyRange(writer, 5, 2, encoder, 'ab'),
      '0005' + '0002' + '0004' + '40616200',
    ],
    [
      'list element',
      (writer: ByteWriter) => {
        appendKeyRange(writer, 127, 0, encoder, 7);
        appendListPosition(writer, 2 ** 32 + 5);
      },
      '007f' + '0000' + '0009' + '20c01c000000000000' + '000100000005',
    ],
    [
      'map cell',
      (writer: ByteWriter) => {
        appendKeyRange(writer, 1, 1, encoder, true);
        appendMapKey(writer, encoder, 'x');
      },
      '0001' + '0001' + '0001' + '11' + '407800',
    ],
    [
      'timer',
      (writer: ByteWriter) => {
        appendTimestamp(writer, 1_704_067_200_000);
        appendTimerKey(writer, encoder, 'ab');
      },
      '8000018cc251f400' + '40616200',
    ],
    [
      'long key',
      (writer: ByteWriter) => appendKeyRange(writer, 3, 0, encoder, 'k'.repeat(1000)),
      `000300000015ff${longKeyHash}`,
    ],
  ])('is what earlier versions wrote for a %s', (_kind, write, hex) => {
    expect(written(write).toString('hex')).toBe(hex);
  });

  it('orders timestamps, negative ones first', () => {
    const timestamp = fc.maxSafeInteger();
    fc.assert(
      fc.property(timestamp, timestamp, (a, b) => {
        const [left, right] = [a, b].map((time) => written((writer) => appendTimestamp(writer, time)));
        expect(Math.sign(Buffer.compare(left!, right!))).toBe(Math.sign(a - b));
        expect(readTimestamp(left!, 0)).toBe(a);
      }),
    );
  });

  it('orders list positions', () => {
    const position = fc.nat(2 ** 48 - 1);
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [left, right] = [a, b].map((at) => written((writer) => appendListPosition(writer, at)));
        expect(Math.sign(Buffer.compare(left!, right!))).toBe(Math.sign(a - b));
        expect(readListPosition(left!, 0)).toBe(a);
      }),
    );
  });

  it('stays within the keys that LMDB takes, however long the keys are', () => {
    const key = fc.string({ minLength: 850, maxLength: 2_000 });
    fc.assert(
      fc.property(key, key, (userKey, mapKey) => {
        const cellKey = written((writer) => {
          appendKeyRange(writer, 1, 1, encoder, userKey);
          appendMapKey(writer, encoder, mapKey);
        });
        expect(cellKey.length).toBeLessThanOrEqual(1_978);
        expect(isAddress(cellKey, 6)).toBe(encoder.encode(userKey) > inlineKeyBytesMax);
      }),
    );
  });

  it('keeps a long key whole before the value', () => {
    const key = ['k'.repeat(1000), 5n] as const;
    const value = written((writer) => {
      appendWholeKey(writer, encoder, key);
      writer.u8(42);
    });
    expect(readWholeKey(value, 0)).toEqual(key);
    expect(value[skipWholeKey(value, 0)]).toBe(42);
  });

  it('ends a range after everything with its prefix, and before everything else', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(bytes, bytes, (prefix, suffix) => {
        fc.pre(prefix.some((byte) => byte !== 0xff));
        const end = written((writer) => appendEndOfRange(writer, prefix));
        expect(Buffer.compare(Buffer.concat([prefix, suffix]), end)).toBe(-1);
        const before = end.subarray(0, end.length - 1);
        expect(Buffer.compare(Buffer.concat([before, Buffer.of(end.at(-1)! - 1)]), prefix)).not.toBe(1);
      }),
    );
  });
});
