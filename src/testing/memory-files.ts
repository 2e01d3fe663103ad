import { type Files, FileWriteError } from '../host/files.js';

/** Files in memory, for state that lives as long as a test. */
export class MemoryFiles implements Files {
  private readonly files = new Map<string, Uint8Array>();

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path)?.slice();
  }

  async writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    this.files.set(path, bytes.slice());
  }

  async writeNew(path: string, bytes: Uint8Array): Promise<void> {
    if (this.files.has(path)) throw new FileWriteError(`${path} exists already.`, 'not-written');
    this.files.set(path, bytes.slice());
  }

  async list(folder: string): Promise<string[]> {
    const prefix = `${folder}/`;
    return [...this.files.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  async remove(path: string): Promise<void> {
    for (const name of this.files.keys()) {
      if (name === path || name.startsWith(`${path}/`)) this.files.delete(name);
    }
  }
}
