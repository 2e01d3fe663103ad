import type { BroadcastContext } from '../api/broadcast-functions.js';
import type { OutputTag } from '../api/output-tag.js';
import type { BroadcastState } from '../state/broadcast-state.js';
import type { MapStateDescriptor } from '../state/state-descriptors.js';
import type { BroadcastStates } from './broadcast-states.js';
import type { GuardedCollector } from './guarded-collector.js';

/** The surroundings of an element of either side: one object for all calls, so that no record costs one. */
export class BroadcastElementContext implements BroadcastContext {
  timestamp: number | undefined = undefined;
  /** Set for each call: only broadcast elements may change the states, or the subtasks' copies would differ. */
  mayWrite = false;
  private readonly times: ElementTimes;
  private readonly collector: GuardedCollector<never>;
  private readonly states: BroadcastStates;

  constructor(times: ElementTimes, collector: GuardedCollector<never>, states: BroadcastStates) {
    this.times = times;
    this.collector = collector;
    this.states = states;
  }

  getBroadcastState<K extends string | number, V>(
    descriptor: MapStateDescriptor<K, V>,
  ): BroadcastState<K, V> {
    return this.states.stateOf(descriptor, this.mayWrite);
  }

  currentProcessingTime(): number {
    return this.times.currentProcessingTime();
  }

  currentWatermark(): number {
    return this.times.currentWatermark();
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.collector.collectSide(tag.name, value);
  }
}

export interface ElementTimes {
  currentProcessingTime(): number;
  currentWatermark(): number;
}
