/** Where a program's own output goes, as opposed to its log. */
export interface TextOutput {
  /** False when the caller should wait for `onDrain` before it writes more. */
  write(text: string): boolean;
  /** Calls back once, when what was written has been taken. */
  onDrain(callback: () => void): void;
  /** Resolves when all that was written before the call has left this thread. */
  flush(): Promise<void>;
}

/** This process's standard output. From a worker thread Node passes it on through the main thread. */
export const standardOutput: TextOutput = {
  write: (text) => process.stdout.write(text),
  onDrain: (callback) => {
    process.stdout.once('drain', callback);
  },
  // The callback of a write comes after those of all writes before it.
  flush: () => new Promise((resolve) => process.stdout.write('', () => resolve())),
};
