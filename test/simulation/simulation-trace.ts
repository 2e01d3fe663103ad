import { createHash } from 'node:crypto';

/**
 * Everything that left a process, in order. Two runs of one seed must give the same trace: if they don't,
 * something escaped the simulated ports, and no seed could be replayed.
 */
export class SimulationTrace {
  effectCount = 0;
  private readonly hash = createHash('sha256');
  private readonly lines: string[] = [];
  private readonly linesKept: number;

  constructor(linesKept: number) {
    this.linesKept = linesKept;
  }

  add(atMs: number, process: string, what: string): void {
    const line = `${atMs.toFixed(3)} ${process} ${what}`;
    this.effectCount += 1;
    this.hash.update(line);
    this.lines.push(line);
    if (this.lines.length > this.linesKept) this.lines.shift();
  }

  /** Ends the trace. */
  digest(): string {
    return this.hash.digest('hex');
  }

  /** The last lines, for the report of a failure. */
  get lastLines(): readonly string[] {
    return this.lines;
  }
}
