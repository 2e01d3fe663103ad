import { type FileHandle, open } from 'node:fs/promises';
import { describeFileError } from '../../host/file-error-sentence.js';
import { MillraceError } from '../../protocol/failures.js';

/**
 * The lines of a file from one position to another, read ahead by one chunk. Invariant: `position` is where
 * the next line begins, whatever was read ahead; a restart there gives the same lines again.
 */
export class FileLines {
  /** The current line, without its end, is `bytes` from `start` to `end`; valid until the next call. */
  bytes = Buffer.alloc(0);
  start = 0;
  end = 0;
  position: number;
  private readonly options: FileLinesOptions;
  /** Where in `bytes` the next line begins, and from where on no line's end was looked for yet. */
  private at = 0;
  private searchedTo = 0;
  private loadedTo: number;
  private ahead: Buffer | undefined;
  private isLoading = false;
  private file: Promise<FileHandle> | undefined;
  private isClosed = false;

  constructor(options: FileLinesOptions) {
    this.options = options;
    this.position = options.from;
    this.loadedTo = options.from;
  }

  get isAtEnd(): boolean {
    return this.position >= this.options.to;
  }

  /** Steps to the next line; false at the end, and while it is not loaded: then `onLoaded` follows. */
  next(): boolean {
    if (this.isAtEnd) return false;
    for (;;) {
      const newline = this.bytes.indexOf(lineFeed, this.searchedTo);
      if (newline >= 0) return this.takeLine(newline, newline + 1);
      this.searchedTo = this.bytes.length;
      if (this.ahead !== undefined) this.appendAhead();
      else if (this.loadedTo < this.options.to) {
        this.load();
        return false;
      } else return this.takeLine(this.bytes.length, this.bytes.length);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const file = await this.file?.catch(() => undefined);
    await file?.close();
  }

  private takeLine(end: number, next: number): boolean {
    this.start = this.position === 0 && startsWithBom(this.bytes, this.at) ? this.at + bom.length : this.at;
    this.end = end > this.start && this.bytes[end - 1] === carriageReturn ? end - 1 : end;
    this.position += next - this.at;
    this.at = next;
    this.searchedTo = next;
    if (this.bytes.length - next < chunkBytes / 2) this.load();
    return true;
  }

  private appendAhead(): void {
    const rest = this.bytes.subarray(this.at);
    if (rest.length > lineBytesMax) {
      throw new MillraceError(
        `The line of ${this.options.path} that begins at byte ${this.position} is longer than ${lineBytesMax / 1024 / 1024} MB: is it a file of lines?`,
        { domain: 'user-code', action: 'fail-job' },
      );
    }
    this.bytes = Buffer.concat([rest, this.ahead ?? Buffer.alloc(0)]);
    this.searchedTo -= this.at;
    this.at = 0;
    this.ahead = undefined;
  }

  /** One chunk ahead. */
  private load(): void {
    if (this.isLoading || this.ahead !== undefined || this.loadedTo >= this.options.to) return;
    this.isLoading = true;
    this.readChunk().then(
      (chunk) => {
        this.isLoading = false;
        this.ahead = chunk;
        this.loadedTo += chunk.length;
        if (!this.isClosed) this.options.onLoaded();
      },
      (error: unknown) => {
        if (!this.isClosed) this.options.onError(error);
      },
    );
  }

  private async readChunk(): Promise<Buffer> {
    const { path, to } = this.options;
    const chunk = Buffer.alloc(Math.min(chunkBytes, to - this.loadedTo));
    let bytesRead = 0;
    try {
      this.file ??= open(path, 'r');
      const file = await this.file;
      ({ bytesRead } = await file.read(chunk, 0, chunk.length, this.loadedTo));
    } catch (error) {
      throw fileFailure(describeFileError('read', path, error), error);
    }
    if (bytesRead > 0) return chunk.subarray(0, bytesRead);
    throw fileFailure(
      `${path} ends at byte ${this.loadedTo}, and had ${to} bytes when it was found: a file that is read must not be changed. Put it back as it was.`,
    );
  }
}

export interface FileLinesOptions {
  readonly path: string;
  /** Bytes, the beginning of a line. */
  readonly from: number;
  readonly to: number;
  readonly onLoaded: () => void;
  readonly onError: (error: unknown) => void;
}

/** A chunk takes some tenths of a millisecond to read, less than its lines take to decode. */
const chunkBytes = 256 * 1024;
/** What has no line's end for so long is no file of lines, and must not fill the memory. */
const lineBytesMax = 16 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const bom = Buffer.from([0xef, 0xbb, 0xbf]);

function startsWithBom(bytes: Buffer, at: number): boolean {
  return bytes.subarray(at, at + bom.length).equals(bom);
}

function fileFailure(message: string, cause?: unknown): MillraceError {
  return new MillraceError(message, { domain: 'outside-system', action: 'restart', cause });
}
