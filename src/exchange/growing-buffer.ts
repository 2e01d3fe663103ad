/**
 * Bytes written one after another into an ArrayBuffer of its own, which can be transferred and grows meanwhile.
 * Invariant: after each reservation there is slack, so that a tag and the few bytes behind it need none.
 */
export class GrowingBuffer {
  /** Replaced when it grows, so not to be kept across reservations. */
  bytes: Buffer;
  view: DataView;
  /** Where the next byte goes. */
  at = 0;
  /** Beyond it only the slack is left. */
  protected softEnd: number;

  constructor(initialBytes: number) {
    this.bytes = ownBuffer(initialBytes);
    this.view = new DataView(this.bytes.buffer);
    this.softEnd = initialBytes - slackBytes;
  }

  /** Makes room for `more` bytes and the slack that follows each reservation. */
  reserve(more: number): void {
    if (this.at + more <= this.softEnd) return;
    const grown = ownBuffer(Math.max(this.bytes.length * 2, this.at + more + slackBytes));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
    this.softEnd = grown.length - slackBytes;
  }

  float64(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  uint32(value: number): void {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** Goes on at the beginning of another buffer. */
  protected useBuffer(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.softEnd = bytes.length - slackBytes;
  }
}

/** Room that every value may use without asking: a tag and eight bytes, with some to spare. */
export const slackBytes = 32;

/** Never a slice of Node's pool: transferring that would take its neighbours along. */
export function ownBuffer(byteLength: number): Buffer {
  return Buffer.from(new ArrayBuffer(byteLength));
}
