import { type Duration, durationMs } from '../api/duration.js';

/** Reads the durations that a window is made with, and collects the mistakes in them instead of throwing the first. */
export class WindowSettings {
  readonly mistakes: string[] = [];
  private readonly owner: string;

  constructor(owner: string) {
    this.owner = owner;
  }

  /** More than zero, in ms. */
  positive(duration: Duration, what: string): number {
    const ms = this.read(duration, what);
    if (ms === 0) this.add(`${what} is 0: give it a duration of at least 1ms`);
    // Any valid number: with a mistake the job never runs.
    return ms > 0 ? ms : 1;
  }

  /** Of windows of `size`, by how much they begin later than at multiples of it; negative for earlier. */
  offset(duration: Duration, size: number): number {
    const isNegative = typeof duration === 'number' && duration < 0;
    const ms = this.read(isNegative ? -duration : duration, 'its offset');
    if (ms >= size) this.add(`its offset is not smaller than ${size} ms, which is how far windows are apart`);
    return isNegative ? -ms : ms;
  }

  add(mistake: string): void {
    this.mistakes.push(`${this.owner}: ${mistake}`);
  }

  private read(duration: Duration, what: string): number {
    try {
      return durationMs(duration, what);
    } catch (error) {
      this.add((error as Error).message.replace(/\.$/, ''));
      return Number.NaN;
    }
  }
}
