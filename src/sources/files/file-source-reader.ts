import type { ValueCodec } from '../../codecs/value-codec.js';
import { MillraceError } from '../../protocol/failures.js';
import { NO_TIMESTAMP } from '../../protocol/stream-elements.js';
import type { SourceReader, SourceReaderContext, SourceSplit, SourceStatus, SplitOutput } from '../source.js';
import { FileLines } from './file-lines.js';
import { type FileSplit, fileSplit, readFileSplit } from './file-split.js';

/** Reads its files one after the other, in the order of their index. */
export class FileSourceReader<T> implements SourceReader {
  recordsSkipped = 0;
  private readonly context: SourceReaderContext<T>;
  private readonly settings: FileReaderSettings<T>;
  /** In the order of reading; those before `reading` are done. */
  private readonly files: FileProgress[] = [];
  private reading = 0;
  private hasSplits = false;

  constructor(context: SourceReaderContext<T>, settings: FileReaderSettings<T>) {
    this.context = context;
    this.settings = settings;
  }

  addSplits(splits: readonly SourceSplit[]): void {
    this.hasSplits = true;
    const found = splits.map(readFileSplit).sort((a, b) => a.index - b.index);
    for (const split of found) {
      const output = this.context.output.splitOutput(fileSplit(split).splitId);
      this.files.push({ split, output, lines: undefined, position: split.position });
    }
    this.context.onAvailable();
  }

  emitNext(recordsMax: number): SourceStatus {
    let emitted = 0;
    while (emitted < recordsMax && this.context.availability.isAvailable) {
      const file = this.files[this.reading];
      if (file === undefined) return this.statusAtEnd();
      file.lines ??= this.openLines(file);
      if (file.lines.next()) {
        this.emit(file, file.lines);
        emitted += 1;
      } else if (file.lines.isAtEnd) this.finish(file, file.lines);
      else return 'nothing-available';
    }
    return 'more-available';
  }

  snapshotSplits(): readonly SourceSplit[] {
    return this.files.map(({ split, position }) => fileSplit({ ...split, position }));
  }

  /** What is in a file is read at once, and then the file is finished. */
  isCaughtUp(): boolean {
    return false;
  }

  pendingRecords(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    await this.files[this.reading]?.lines?.close();
  }

  private emit(file: FileProgress, lines: FileLines): void {
    let value: T;
    try {
      value = this.settings.value.decode(lines.bytes, lines.start, lines.end);
    } catch (error) {
      if (!this.settings.skipsUndecodable) throw this.undecodable(file, error);
      this.recordsSkipped += 1;
      file.position = lines.position;
      return;
    }
    const { position } = file;
    file.position = lines.position;
    this.context.output.collect(value, NO_TIMESTAMP, file.output, position);
  }

  private finish(file: FileProgress, lines: FileLines): void {
    this.reading += 1;
    this.context.output.finishSplit(file.output);
    lines.close().catch((error: unknown) => this.context.fail(error));
  }

  private openLines({ split }: FileProgress): FileLines {
    return new FileLines({
      path: split.path,
      from: split.position,
      to: split.end,
      onLoaded: () => this.context.onAvailable(),
      onError: (error) => this.context.fail(error),
    });
  }

  private statusAtEnd(): SourceStatus {
    return this.hasSplits && this.settings.isBounded ? 'end-of-input' : 'nothing-available';
  }

  private undecodable({ split, position }: FileProgress, cause: unknown): MillraceError {
    const what = cause instanceof Error ? cause.message : String(cause);
    return new MillraceError(
      `Source "${this.context.operatorName}" can't decode the line at byte ${position} of ${split.path}: ${what} Correct the codec, or leave such lines out with onUndecodable: 'skip'.`,
      { domain: 'outside-system', action: 'fail-job', cause },
    );
  }
}

export interface FileReaderSettings<T> {
  readonly value: ValueCodec<T>;
  readonly isBounded: boolean;
  readonly skipsUndecodable: boolean;
}

interface FileProgress {
  readonly split: FileSplit;
  readonly output: SplitOutput;
  /** Of the file that is being read. */
  lines: FileLines | undefined;
  /** Behind the last line emitted. */
  position: number;
}
