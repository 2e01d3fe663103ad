import { isDigit } from './json-tokens.js';

const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;

/**
 * The value of a well-formed number, the very double that JSON.parse gives. Up to 15 digits are an integer without
 * rounding, and so is the power of ten below them: their quotient is rounded once, hence correctly.
 */
export function readNumber(data: Buffer, start: number, end: number): number {
  const isNegative = data[start] === minus;
  const first = isNegative ? start + 1 : start;
  // The sign is not counted; a point is, which only sends a number of 15 digits to the slower way.
  if (end - first > exactDigitsMax) return Number(data.latin1Slice(start, end));
  let digits = 0;
  let fractionStart = end;
  for (let at = first; at < end; at += 1) {
    const byte = data[at]!;
    if (isDigit(byte)) digits = digits * 10 + (byte - zero);
    else if (byte === dot) fractionStart = at + 1;
    else return Number(data.latin1Slice(start, end));
  }
  const value = fractionStart === end ? digits : digits / powersOfTen[end - fractionStart]!;
  return isNegative ? -value : value;
}

/** 10^15 is below 2^53. */
const exactDigitsMax = 15;
const powersOfTen = Float64Array.from({ length: exactDigitsMax + 1 }, (_, exponent) => 10 ** exponent);
