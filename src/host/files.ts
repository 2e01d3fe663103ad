/**
 * A folder of files whose writes are durable when their promise resolves. Paths are relative, with `/`.
 * The simulation's implementation forgets at a crash whatever was not yet durable.
 */
export interface Files {
  /** The bytes, or undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Temporary file, fsync, rename, fsync of the folder: afterwards the file is whole, or as it was before. */
  writeAtomically(path: string, bytes: Uint8Array): Promise<void>;
  /** Creates a new file and fsyncs it and its folder; a torn file may remain after a crash (readers check a CRC). */
  writeNew(path: string, bytes: Uint8Array): Promise<void>;
  /** File names directly in a folder, sorted; empty where the folder does not exist. */
  list(folder: string): Promise<string[]>;
  /** Removes a file or a whole folder; no error where there is none. Need not be durable. */
  remove(path: string): Promise<void>;
}
