import type { OnTimerContext, TimeDomain, TimerService } from '../api/functions.js';
import type { OutputTag } from '../api/output-tag.js';
import type { Key } from '../key-groups/key.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import type { GuardedCollector } from './guarded-collector.js';

/** The context given to a keyed function's calls: one object for all of them, so that no record costs one. */
export class KeyedFunctionContext<K extends Key> implements OnTimerContext<K> {
  timestamp: number | undefined = undefined;
  timeDomain: TimeDomain = 'event-time';
  readonly timerService: TimerService;
  private readonly backend: KeyedStateBackend;
  private readonly collector: GuardedCollector<never>;

  constructor(backend: KeyedStateBackend, timerService: TimerService, collector: GuardedCollector<never>) {
    this.backend = backend;
    this.timerService = timerService;
    this.collector = collector;
  }

  get currentKey(): K {
    return this.backend.currentKey as K;
  }

  output<T>(tag: OutputTag<T>, value: T): void {
    this.collector.collectSide(tag.name, value);
  }
}
