import type { DeepReadonly } from '../../src/api/deep-readonly.js';
import type {
  Collector,
  KeyedProcessFunction,
  OnTimerContext,
  RuntimeContext,
  TimerService,
} from '../../src/api/functions.js';
import { MIN_WATERMARK } from '../../src/protocol/stream-elements.js';

/**
 * Runs a keyed function on plain Maps, one call after the other, with event time moved by the test. Values
 * go through JSON on their way into state, so that a function which kept and changed one would be found out.
 */
export class KeyedFunctionDriver<In, Out> {
  readonly collected: Out[] = [];
  private readonly fn: KeyedProcessFunction<string, In, Out>;
  private readonly states = new Map<string, unknown>();
  private readonly timers = new Map<string, Set<number>>();
  private key = '';
  private watermark = MIN_WATERMARK;
  private readonly out: Collector<Out> = {
    collect: (value) => {
      this.collected.push(value);
    },
  };

  constructor(fn: KeyedProcessFunction<string, In, Out>) {
    this.fn = fn;
    fn.open(this.runtimeContext());
  }

  process(key: string, value: In, timestamp: number): void {
    this.key = key;
    this.fn.processElement(value as DeepReadonly<In>, this.context(timestamp), this.out);
  }

  /** Fires all timers up to `watermark`, in the order of time. */
  advanceWatermark(watermark: number): void {
    this.watermark = Math.max(this.watermark, watermark);
    const due = [...this.timers].flatMap(([key, times]) =>
      [...times].filter((time) => time <= watermark).map((time) => ({ key, time })),
    );
    for (const { key, time } of due.sort((a, b) => a.time - b.time)) {
      this.timers.get(key)?.delete(time);
      this.key = key;
      this.fn.onTimer(time, this.context(time), this.out);
    }
  }

  private context(timestamp: number): OnTimerContext<string> {
    const timersOfKey = this.timersOfKey();
    const timerService: TimerService = {
      currentProcessingTime: () => 0,
      currentWatermark: () => this.watermark,
      registerEventTimeTimer: (time) => void timersOfKey.add(time),
      deleteEventTimeTimer: (time) => void timersOfKey.delete(time),
      registerProcessingTimeTimer: unsupported,
      deleteProcessingTimeTimer: unsupported,
    };
    return { currentKey: this.key, timestamp, timerService, timeDomain: 'event-time', output: unsupported };
  }

  private timersOfKey(): Set<number> {
    const known = this.timers.get(this.key) ?? new Set();
    this.timers.set(this.key, known);
    return known;
  }

  private runtimeContext(): RuntimeContext {
    const read = <T>(name: string): T | undefined => this.states.get(`${this.key}/${name}`) as T | undefined;
    const write = (name: string, value: unknown): void => {
      this.states.set(`${this.key}/${name}`, JSON.parse(JSON.stringify(value)));
    };
    const clear = (name: string): void => void this.states.delete(`${this.key}/${name}`);
    return {
      operatorName: 'driver',
      subtaskIndex: 0,
      parallelism: 1,
      maxParallelism: 1,
      attemptNumber: 0,
      getState: <T>({ name, defaultValue }: { name: string; defaultValue?: T }) => ({
        value: () => read<T>(name) ?? defaultValue,
        update: (value: T) => write(name, value),
        clear: () => clear(name),
      }),
      getListState: <T>({
        name,
        maxLength = Number.POSITIVE_INFINITY,
      }: {
        name: string;
        maxLength?: number;
      }) => ({
        get: () => read<T[]>(name) ?? [],
        add: (element: T) => write(name, [...(read<T[]>(name) ?? []), element].slice(-maxLength)),
        update: (elements: readonly T[]) => write(name, elements),
        clear: () => clear(name),
      }),
      getMapState: <K extends string | number, V>({ name }: { name: string }) => {
        const entries = (): [K, V][] => read<[K, V][]>(name) ?? [];
        return {
          get: (key: K) => entries().find(([k]) => k === key)?.[1],
          put: (key: K, value: V) => write(name, [...entries().filter(([k]) => k !== key), [key, value]]),
          remove: (key: K) =>
            write(
              name,
              entries().filter(([k]) => k !== key),
            ),
          has: (key: K) => entries().some(([k]) => k === key),
          entries,
          keys: () => entries().map(([k]) => k),
          values: () => entries().map(([, v]) => v),
          isEmpty: () => entries().length === 0,
          clear: () => clear(name),
        };
      },
      getReducingState: unsupported,
      getAggregatingState: unsupported,
      getOperatorListState: unsupported,
      getUnionListState: unsupported,
    };
  }
}

function unsupported(): never {
  throw new Error('The driver does not support this.');
}
