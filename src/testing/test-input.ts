/** One source of the streams under test, fed by the test. Each call returns when all that it set off has happened. */
export interface TestInput<T> {
  /** `timestamp` is the event time in epoch ms; without it, what the source's watermark strategy reads from the element. */
  processElement(value: T, timestamp?: number): Promise<void>;
  /** Several elements, one after the other. */
  processElements(values: Iterable<T>): Promise<void>;
  /** Event time has reached `timestamp`. Watermarks come from here alone; strategies make none in the harness. */
  processWatermark(timestamp: number): Promise<void>;
  /** The input is idle, so that watermarks of others no longer wait for it, or active again. */
  processIdleness(idle: boolean): Promise<void>;
  /** The last watermark, then the end. */
  endInput(): Promise<void>;
}
