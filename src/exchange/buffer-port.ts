/**
 * What a channel between threads runs over: a reliable, ordered pair of ends. Buffers go one way and credits
 * the other. It is all that the exchange knows of threads, so the simulation can put delays in its place.
 */
export interface BufferPort {
  /** The buffer is given away: it must not be touched afterwards. */
  postBuffer(buffer: ArrayBuffer): void;
  postCredit(buffers: number): void;
  /** Called once. What arrives before is kept; what arrives after `close` is dropped. */
  listen(listener: BufferPortListener): void;
  close(): void;
}

export interface BufferPortListener {
  /** On the receiving end. */
  onBuffer(buffer: ArrayBuffer): void;
  /** On the sending end: so many more buffers may be sent. */
  onCredit(buffers: number): void;
}
