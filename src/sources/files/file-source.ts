import { stat } from 'node:fs/promises';
import { escapePath, glob } from 'tinyglobby';
import { type Duration, durationMs } from '../../api/duration.js';
import { refuseUnknownOptions } from '../../api/option-names.js';
import type { ValueCodec } from '../../codecs/value-codec.js';
import { describeFileError } from '../../host/file-error-sentence.js';
import { MillraceError } from '../../protocol/failures.js';
import { type SplitId, splitId } from '../../protocol/ids.js';
import type {
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitDiscoveryContext,
} from '../source.js';
import { FileSourceReader } from './file-source-reader.js';
import { fileSplit, readFileSplit } from './file-split.js';

export interface FileSourceOptions<T> {
  /** Files, folders (with all that lies below) or globs such as `logs/*.jsonl`. Hidden files are left out. */
  readonly paths: string | readonly string[];
  /** Decodes a line: `string()`, `json()` … */
  readonly value: ValueCodec<T>;
  /** Goes on for ever, and looks so often for files that are new; without it the files that are there are read once. */
  readonly monitorInterval?: Duration;
  /** A line that can't be decoded fails the job (the default), or is left out and counted. */
  readonly onUndecodable?: 'fail' | 'skip';
}

/**
 * Reads files line by line (Flink's FileSource). A split is a file; a subtask reads its files one after the
 * other, in the order of their paths, and each up to the size it had when it was found. So a file must be whole
 * when it appears: write it elsewhere, and rename it. The watermark of a subtask waits for the first line of
 * each of its files, so that no file's lines are late because another file was read first.
 */
export function fileSource<T>(options: FileSourceOptions<T>): Source<T> {
  refuseUnknownOptions<FileSourceOptions<T>>('fileSource', options, {
    paths: true,
    value: true,
    monitorInterval: true,
    onUndecodable: true,
  });
  return new FileSource(options);
}

class FileSource<T> implements Source<T> {
  readonly kind = 'file-source';
  readonly description: string;
  readonly boundedness: 'bounded' | 'continuous';
  /** A file is read to its end without a pause, so none is ever idle. */
  readonly idleTimeoutMs = undefined;
  readonly discoveryIntervalMs: number | undefined;
  private readonly paths: readonly string[];
  private readonly options: FileSourceOptions<T>;

  constructor(options: FileSourceOptions<T>) {
    this.paths = typeof options.paths === 'string' ? [options.paths] : options.paths;
    if (this.paths === undefined || this.paths.length === 0)
      throw badOption('paths is empty: name at least one file, folder or glob.');
    this.options = options;
    const { monitorInterval } = options;
    this.boundedness = monitorInterval === undefined ? 'bounded' : 'continuous';
    this.discoveryIntervalMs =
      monitorInterval === undefined ? undefined : durationMs(monitorInterval, 'fileSource.monitorInterval');
    if (this.discoveryIntervalMs === 0)
      throw badOption('monitorInterval is 0: give the time between two looks.');
    this.description = `${this.paths.join(', ')}; ${this.boundedness}`;
  }

  async discoverSplits(): Promise<readonly SourceSplit[]> {
    const found = await this.find(new Set());
    if (found.length > 0 || this.boundedness === 'continuous') return found;
    throw new MillraceError(
      `The file source finds no file for ${this.paths.map((path) => `"${path}"`).join(', ')}: check the paths, or give monitorInterval to wait for files.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  /** Files that were read and are gone by now are no loss. */
  discoverNewSplits(
    _context: SplitDiscoveryContext,
    known: ReadonlySet<SplitId>,
  ): Promise<readonly SourceSplit[]> {
    return this.find(known);
  }

  describePlace(split: SourceSplit): string {
    return `file ${readFileSplit(split).path}, byte`;
  }

  createReader(context: SourceReaderContext<T>): SourceReader {
    return new FileSourceReader(context, {
      value: this.options.value,
      isBounded: this.boundedness === 'bounded',
      skipsUndecodable: this.options.onUndecodable === 'skip',
    });
  }

  private async find(known: ReadonlySet<SplitId>): Promise<readonly SourceSplit[]> {
    try {
      const patterns = await Promise.all(this.paths.map(patternOf));
      const paths = await glob(patterns, { absolute: true, onlyFiles: true });
      const found = paths.filter((path) => !known.has(splitId(path))).sort();
      return await Promise.all(
        found.map(async (path, i) =>
          fileSplit({ index: known.size + i, path, position: 0, end: (await stat(path)).size }),
        ),
      );
    } catch (error) {
      throw new MillraceError(describeFileError('list', this.paths.join(', '), error), {
        domain: 'outside-system',
        action: 'restart',
        cause: error,
      });
    }
  }
}

/** What is there under just this name is no glob, whatever brackets and stars the name has. */
async function patternOf(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere ? escapePath(path) : path;
}

function badOption(message: string): MillraceError {
  return new MillraceError(`A file source's option ${message}`, { domain: 'user-code', action: 'fail-job' });
}
