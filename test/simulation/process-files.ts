import type { Files } from '../../src/host/files.js';
import type { SimulatedDisk } from './simulated-files.js';
import type { SimulatedProcess } from './simulated-process.js';

/** A process's view of a disk: each change is an effect that the process may die before. */
export class ProcessFiles implements Files {
  private readonly process: SimulatedProcess;
  private readonly files: Files;

  constructor(process: SimulatedProcess, disk: SimulatedDisk) {
    this.process = process;
    this.files = disk.open(process);
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.files.read(path);
  }

  list(folder: string): Promise<string[]> {
    return this.files.list(folder);
  }

  writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
    return this.effect(`write ${path} ${bytes.length}`, () => this.files.writeAtomically(path, bytes));
  }

  writeNew(path: string, bytes: Uint8Array): Promise<void> {
    return this.effect(`write ${path} ${bytes.length}`, () => this.files.writeNew(path, bytes));
  }

  remove(path: string): Promise<void> {
    return this.effect(`remove ${path}`, () => this.files.remove(path));
  }

  private effect(what: string, action: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.process.perform(what, () => action().then(resolve, reject));
    });
  }
}
