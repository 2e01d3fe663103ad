import type { Clock } from '../host/clock.js';
import { formatProgress, type JobProgress } from './progress-line.js';

/** The part of `process.stderr` that is needed here. */
export interface TextOutput {
  write(text: string): void;
  readonly isTTY?: boolean;
  /** Width of a terminal. */
  readonly columns?: number;
}

/** Often enough to look alive, seldom enough not to flicker. */
const terminalIntervalMs = 200;
/** A log file wants a line now and then, not a film. */
const plainIntervalMs = 5_000;
const clearLine = '\r\u001b[2K';
const defaultColumns = 80;

/**
 * Shows a job's progress: on a terminal as one live line that log lines push down, elsewhere as a plain
 * line every few seconds. All that goes to the output goes through here, or the live line would be torn.
 */
export class ProgressDisplay {
  private readonly output: TextOutput;
  private readonly clock: Clock;
  private readonly writeLogLine: (line: string) => void;
  private shownAtMs = Number.NEGATIVE_INFINITY;
  private liveLine = '';

  /** `writeLogLine` takes a plain progress line where there is no terminal: the logger's `info`. */
  constructor(output: TextOutput, clock: Clock, writeLogLine: (line: string) => void) {
    this.output = output;
    this.clock = clock;
    this.writeLogLine = writeLogLine;
  }

  /** May be called as often as there is news; shows the newest at its own pace. */
  show(progress: JobProgress): void {
    const now = this.clock.monotonicMs();
    const isTerminal = this.output.isTTY === true;
    if (now - this.shownAtMs < (isTerminal ? terminalIntervalMs : plainIntervalMs)) return;
    this.shownAtMs = now;
    const line = formatProgress(progress);
    if (isTerminal) this.drawLive(line);
    else this.writeLogLine(line);
  }

  /** Writes one whole line, above the live one. */
  writeLine(line: string): void {
    if (this.liveLine === '') {
      this.output.write(`${line}\n`);
      return;
    }
    this.output.write(`${clearLine}${line}\n${this.liveLine}`);
  }

  /** Takes the live line away. */
  end(): void {
    if (this.liveLine !== '') this.output.write(clearLine);
    this.liveLine = '';
  }

  /** A line that wrapped could not be cleared again, so it is cut to the terminal's width. */
  private drawLive(line: string): void {
    const columns = this.output.columns ?? defaultColumns;
    this.liveLine = line.length < columns ? line : `${line.slice(0, columns - 2)}…`;
    this.output.write(`${clearLine}${this.liveLine}`);
  }
}
