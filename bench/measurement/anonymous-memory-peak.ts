import { readFileSync } from 'node:fs';

/**
 * Samples another process's RssAnon: what it holds itself, without the pages of LMDB's files, which the system
 * keeps as long as nobody else needs the room.
 */
export class AnonymousMemoryPeak {
  private readonly timer: NodeJS.Timeout;
  private peakKiB: number | undefined;

  constructor(processId: number) {
    const path = `/proc/${processId}/status`;
    this.timer = setInterval(() => this.sample(path), sampleIntervalMs);
  }

  /** Ends the sampling. Mebibytes; undefined where the system tells nothing. */
  end(): number | undefined {
    clearInterval(this.timer);
    return this.peakKiB === undefined ? undefined : this.peakKiB / 1024;
  }

  private sample(path: string): void {
    let status: string;
    try {
      status = readFileSync(path, 'utf8');
    } catch {
      // The process has ended, or the system is not Linux.
      return;
    }
    const kiB = Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]);
    if (Number.isFinite(kiB)) this.peakKiB = Math.max(this.peakKiB ?? 0, kiB);
  }
}

/** Short against the life of a buffer that matters, long enough to cost nothing. */
const sampleIntervalMs = 20;
