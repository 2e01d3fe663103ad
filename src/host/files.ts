import { type FailureAction, type FailureDomain, MillraceError } from '../protocol/failures.js';

/**
 * A folder of files whose writes are durable when their promise resolves. Paths are relative, with `/`.
 * The simulation's implementation forgets at a crash whatever was not yet durable.
 */
export interface Files {
  /** The bytes, or undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /**
   * Temporary file, fsync, rename, fsync of the folder: afterwards the file is whole, or as it was before.
   * A crash may leave the temporary file, named `path` + `temporaryFileSuffix`; readers ignore it.
   * @throws FileWriteError that says whether the file is known to be as it was before.
   */
  writeAtomically(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Creates a new file and fsyncs it and its folder; a torn file may remain after a crash (readers check a CRC).
   * @throws FileWriteError, also when the file exists.
   */
  writeNew(path: string, bytes: Uint8Array): Promise<void>;
  /** File names directly in a folder, sorted; empty where the folder does not exist. */
  list(folder: string): Promise<string[]>;
  /** Removes a file or a whole folder; no error where there is none. Need not be durable. */
  remove(path: string): Promise<void>;
}

export const temporaryFileSuffix = '.tmp';

/**
 * What a failed write left behind. From the rename onward nobody knows whether the new file is the one that
 * a restart will find; a caller that must know has to end the process and read the disk again.
 */
export type WriteOutcome = 'not-written' | 'unknown';

export class FileWriteError extends MillraceError {
  readonly outcome: WriteOutcome;
  constructor(
    message: string,
    outcome: WriteOutcome,
    options: { domain?: FailureDomain; action?: FailureAction; cause?: unknown } = {},
  ) {
    super(message, {
      domain: options.domain ?? 'outside-system',
      action: options.action ?? 'restart',
      cause: options.cause,
    });
    this.outcome = outcome;
  }
}
