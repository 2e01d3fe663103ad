import type { Key } from '../key-groups/key.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import type { ListState } from '../state/state-descriptors.js';
import type { TimerQueue } from '../state/timer-queue.js';
import { type Lane, type LaneId, laneIdOf } from './keyed-lanes.js';
import { type StoredElement, storedElementOf } from './stored-element.js';

/**
 * The elements of a keyed asynchronous operator that are not processed, in its keyed state: so they follow
 * their key group when the job is rescaled. Invariant: they are written when a snapshot is taken, and not
 * before; in between they are in memory alone, and cost nothing.
 */
export class ElementsInFlight {
  private readonly backend: KeyedStateBackend;
  private readonly elements: ListState<StoredElement>;
  /** Names the keys that have any, since a state can't be asked for its keys. */
  private readonly keys: TimerQueue;
  /** The keys of which the state holds elements. */
  private readonly stored = new Map<LaneId, Key>();

  constructor(backend: KeyedStateBackend) {
    this.backend = backend;
    this.elements = backend.listState<StoredElement>({ name: 'elements-in-flight' });
    this.keys = backend.timerQueue('keys-with-elements-in-flight');
  }

  write<K extends Key, In, Answer>(lanes: ReadonlyMap<LaneId, Lane<K, In, Answer>>): void {
    for (const [id, key] of this.stored) {
      if (lanes.has(id)) continue;
      this.backend.setCurrentKey(key);
      this.elements.clear();
      this.keys.delete(keyTimestamp);
      this.stored.delete(id);
    }
    for (const { id, requests } of lanes.values()) {
      const key = requests[0]!.currentKey;
      this.backend.setCurrentKey(key);
      this.elements.update(requests.map(storedElementOf));
      if (this.stored.has(id)) continue;
      this.keys.register(keyTimestamp);
      this.stored.set(id, key);
    }
  }

  /** What a restored state holds: each key's elements in their order. */
  read(): StoredElement[] {
    const found: StoredElement[] = [];
    while (this.keys.pollDue(keyTimestamp) !== undefined) {
      const key = this.backend.currentKey;
      this.stored.set(laneIdOf(key), key);
      found.push(...this.elements.get());
    }
    for (const key of this.stored.values()) {
      this.backend.setCurrentKey(key);
      this.keys.register(keyTimestamp);
    }
    return found;
  }
}

/** The queue is used for its keys alone. */
const keyTimestamp = 0;
