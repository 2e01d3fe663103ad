/**
 * Methods that Node's Buffer has had since its first versions, and that its type declarations of this
 * version leave out. They skip the argument checks of `toString` and `write`, which matters once a field.
 */
interface Buffer {
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  /** The number of bytes written. */
  utf8Write(text: string, offset: number): number;
  ucs2Write(text: string, offset: number): number;
}
