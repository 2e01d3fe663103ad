/**
 * Passes over JSON in bytes, checking it. Each function takes the index where its token begins and returns the one
 * behind it, or -1 (`rejected`): for what is malformed, and for what is too deep to follow.
 *
 * They don't know where the text ends, which saves a comparison a byte: beyond the buffer they find undefined,
 * which matches nothing, and indices only grow, so a caller finds out that a token passed the end of its text by
 * comparing once. A function that moved backwards would hide that.
 */
export function skipValue(data: Buffer, start: number, containers: Uint8Array): number {
  const first = data[start];
  return first === openBrace || first === openBracket
    ? skipContainer(data, start, containers)
    : skipScalar(data, start);
}

// Not shared by export: an exported constant is loaded from its module at each use, and these are used for each byte.

const rejected = -1;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const plus = 0x2b;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const space = 0x20;

/** Objects and arrays within one another that are followed; records deeper than that are parsed as a whole. */
export const containerDepthMax = 256;
const isArray = 0;
const isObject = 1;

/** 1 for bytes that mean themselves in a string: ASCII without quote, backslash and control characters. */
const plainBytes = new Uint8Array(256).map((_, byte) =>
  byte >= space && byte < 0x80 && byte !== quote && byte !== backslash ? 1 : 0,
);

const escapeLetters = new Uint8Array(256);
for (const letter of Buffer.from('"\\/bfnrt')) escapeLetters[letter] = 1;

export function skipWhitespace(data: Buffer, start: number): number {
  let at = start;
  // Most texts have none: one comparison settles that.
  while (data[at]! <= space && isWhitespace(data[at]!)) at += 1;
  return at;
}

function isWhitespace(byte: number): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Over the bytes of a string that mean themselves. */
export function skipPlain(data: Buffer, start: number): number {
  let at = start;
  while (plainBytes[data[at]!] === 1) at += 1;
  return at;
}

/** From the opening quote. */
export function skipString(data: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    at = skipPlain(data, at);
    const byte = data[at]!;
    if (byte === quote) return at + 1;
    if (byte === backslash) at = skipEscape(data, at);
    else at = skipMultibyte(data, at);
    if (at === rejected) return rejected;
  }
}

/** From behind a name's opening quote to its closing one. Escaped names are rejected, since they can't be compared by bytes. */
export function endOfUnescapedName(data: Buffer, start: number): number {
  // Nearly all names are plain, and are done with here.
  let at = skipPlain(data, start);
  while (data[at] !== quote) {
    at = skipMultibyte(data, at);
    if (at === rejected) return rejected;
    at = skipPlain(data, at);
  }
  return at;
}

/** Whether the range of a name has these bytes. */
export function isNamed(name: Uint8Array, data: Buffer, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (data[start + index] !== name[index]) return false;
  }
  return true;
}

function skipEscape(data: Buffer, start: number): number {
  const letter = data[start + 1]!;
  if (escapeLetters[letter] === 1) return start + 2;
  if (letter !== 0x75) return rejected;
  for (let at = start + 2; at < start + 6; at += 1) {
    if (!isHexDigit(data[at]!)) return rejected;
  }
  return start + 6;
}

function isHexDigit(byte: number): boolean {
  const lowerCase = byte | 0x20;
  return isDigit(byte) || (lowerCase >= 0x61 && lowerCase <= 0x66);
}

export function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

/** One character of 2 to 4 bytes in UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
function skipMultibyte(data: Buffer, start: number): number {
  const first = data[start]!;
  const second = data[start + 1]!;
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? start + 2 : rejected;
  if (!(first >= 0xe0 && first <= 0xf4 && isContinuation(second) && isContinuation(data[start + 2]!))) {
    return rejected;
  }
  if (first <= 0xef) {
    const isOverlong = first === 0xe0 && second < 0xa0;
    const isSurrogate = first === 0xed && second >= 0xa0;
    return isOverlong || isSurrogate ? rejected : start + 3;
  }
  const isOverlong = first === 0xf0 && second < 0x90;
  const isTooLarge = first === 0xf4 && second >= 0x90;
  return isOverlong || isTooLarge || !isContinuation(data[start + 3]!) ? rejected : start + 4;
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}

export function skipNumber(data: Buffer, start: number): number {
  let at = data[start] === minus ? start + 1 : start;
  if (data[at] === zero) at += 1;
  else at = skipDigits(data, at);
  if (at !== rejected && data[at] === dot) at = skipDigits(data, at + 1);
  if (at !== rejected && (data[at]! | 0x20) === 0x65) {
    const sign = data[at + 1];
    at = skipDigits(data, sign === plus || sign === minus ? at + 2 : at + 1);
  }
  return at;
}

/** One or more. */
function skipDigits(data: Buffer, start: number): number {
  let at = start;
  while (isDigit(data[at]!)) at += 1;
  return at === start ? rejected : at;
}

/** `true`, `false` or `null`. */
export function skipLiteral(data: Buffer, start: number): number {
  switch (data[start]) {
    case 0x74:
      return skipWord(data, start, trueBytes);
    case 0x66:
      return skipWord(data, start, falseBytes);
    case 0x6e:
      return skipWord(data, start, nullBytes);
    default:
      return rejected;
  }
}

const trueBytes = Buffer.from('true');
const falseBytes = Buffer.from('false');
const nullBytes = Buffer.from('null');

function skipWord(data: Buffer, start: number, word: Buffer): number {
  for (let index = 1; index < word.length; index += 1) {
    if (data[start + index] !== word[index]) return rejected;
  }
  return start + word.length;
}

function skipScalar(data: Buffer, start: number): number {
  const first = data[start]!;
  if (first === quote) return skipString(data, start);
  return first === minus || isDigit(first) ? skipNumber(data, start) : skipLiteral(data, start);
}

/** From a name's opening quote to its value. */
function skipName(data: Buffer, start: number): number {
  if (data[start] !== quote) return rejected;
  const end = skipString(data, start);
  return end === rejected ? rejected : skipColon(data, end);
}

/** From behind a name to its value. */
export function skipColon(data: Buffer, start: number): number {
  const at = skipWhitespace(data, start);
  return data[at] === colon ? skipWhitespace(data, at + 1) : rejected;
}

/** Without recursion: the depth of a text is its writer's choice, that of the stack is not. */
function skipContainer(data: Buffer, start: number, containers: Uint8Array): number {
  let at = start;
  let depth = 0;
  for (;;) {
    // A value begins here.
    const first = data[at]!;
    let isOpened = false;
    if (first === openBrace || first === openBracket) {
      if (depth === containerDepthMax) return rejected;
      containers[depth] = first === openBrace ? isObject : isArray;
      depth += 1;
      at = skipWhitespace(data, at + 1);
      isOpened = true;
    } else {
      at = skipScalar(data, at);
      if (at === rejected) return rejected;
      at = skipWhitespace(data, at);
    }
    // Containers that end here; one just opened may end at once, and needs no comma before its first value.
    while (data[at] === (containers[depth - 1] === isObject ? closeBrace : closeBracket)) {
      depth -= 1;
      if (depth === 0) return at + 1;
      at = skipWhitespace(data, at + 1);
      isOpened = false;
    }
    if (!isOpened) {
      if (data[at] !== comma) return rejected;
      at = skipWhitespace(data, at + 1);
    }
    if (containers[depth - 1] === isObject) at = skipName(data, at);
    if (at === rejected) return rejected;
  }
}
