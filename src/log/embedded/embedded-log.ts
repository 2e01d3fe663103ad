import { createRequire } from 'node:module';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { lockStateDir, type StateDirLock } from '../../host/state-dir-lock.js';
import { LogError } from '../log-port.js';
import type { OwnerCommand, OwnerReport } from './owner-messages.js';

/**
 * The embedded log of this process: a thread of its own that owns the files in `path`, and ports to it.
 * Topics, partitions and transactions work as on Kafka, without a broker.
 */
export class EmbeddedLog {
  private readonly worker: Worker;
  private readonly lock: StateDirLock;
  private readonly exited: Promise<void>;

  private constructor(worker: Worker, lock: StateDirLock, exited: Promise<void>) {
    this.worker = worker;
    this.lock = lock;
    this.exited = exited;
  }

  /**
   * Opens the log in a folder, or creates it there. `onFailure` is called when its thread ends by itself,
   * after which every client's requests are rejected.
   * @throws MillraceError when another process holds the folder or it can't be written.
   * @throws LogError `invalid-configuration` when what lies in it can't be read.
   */
  static async start(options: {
    readonly path: string;
    readonly onFailure?: (error: Error) => void;
  }): Promise<EmbeddedLog> {
    const lock = await lockStateDir(options.path);
    const worker = new Worker(ownerEntry, { workerData: { path: options.path }, name: 'embedded-log' });
    let failure: Error | undefined;
    let isReady = false;
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
    });
    const opened = new Promise<void>((resolve, reject) => {
      worker.on('message', (report: OwnerReport) => {
        if (report.kind === 'ready') resolve();
        else reject(new LogError(report.code, report.message));
      });
      worker.once('error', (error) => {
        failure = error instanceof Error ? error : new Error(String(error));
      });
      worker.once('exit', (code) => {
        const error = ownerEnded(options.path, code, failure);
        if (!isReady) reject(error);
        else if (code !== 0 || failure !== undefined) options.onFailure?.(error);
      });
    });
    try {
      await opened;
    } catch (error) {
      await exited;
      await lock.release();
      throw error;
    }
    isReady = true;
    return new EmbeddedLog(worker, lock, exited);
  }

  /** A port for one client; transferable to the thread where `openEmbeddedLogClient` takes it. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.command({ kind: 'connect', port: port2 }, [port2]);
    return port1;
  }

  /** Finishes the changes that have arrived, closes the files and ends the thread. */
  async close(): Promise<void> {
    this.command({ kind: 'close' }, []);
    await this.exited;
    await this.lock.release();
  }

  private command(command: OwnerCommand, transferred: MessagePort[]): void {
    this.worker.postMessage(command, transferred);
  }
}

/** By the package's own import map, so that it is found from the sources, under a test runner, as from `dist`. */
const ownerEntry = createRequire(import.meta.url).resolve('#dist/workers/embedded-log.js');

function ownerEnded(path: string, exitCode: number, cause: Error | undefined): LogError {
  return new LogError(
    'internal',
    `The thread that owns the embedded log in ${path} ended by itself (exit code ${exitCode})` +
      `${cause === undefined ? '' : `: ${cause.message}`}. What was acknowledged is safe; restart the process to go on.`,
    { cause },
  );
}
