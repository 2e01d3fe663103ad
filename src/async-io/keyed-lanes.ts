import type { Key } from '../key-groups/key.js';
import { encodeKey } from '../key-groups/key-encoding.js';
import { DelayedEvents, type ElementsBetweenEvents } from './delayed-events.js';
import type { KeyedAsyncRequest } from './keyed-async-request.js';

/**
 * The elements of a keyed asynchronous operator that are not processed, a lane for each key. Invariant: only
 * the first of a lane is asked about or processed; so a key's elements keep their order, and each finds the
 * state as the one before has left it.
 */
export class KeyedLanes<K extends Key, In, Answer> {
  /** Elements in all lanes. */
  size = 0;
  /** What came between the elements. */
  readonly events = new DelayedEvents();
  private readonly byId = new Map<LaneId, Lane<K, In, Answer>>();
  /** Lanes whose first element can be processed. */
  private readonly ready: Lane<K, In, Answer>[] = [];

  has(key: K): boolean {
    return this.byId.size > 0 && this.byId.has(laneIdOf(key));
  }

  /** Puts an element behind the others of its key. */
  add(request: KeyedAsyncRequest<K, In, Answer>): void {
    const id = laneIdOf(request.currentKey);
    let lane = this.byId.get(id);
    if (lane === undefined) {
      lane = { id, requests: [] };
      this.byId.set(id, lane);
    }
    lane.requests.push(request);
    request.place = { lane, group: this.events.join() };
    this.size += 1;
  }

  /** The first of its lane can be processed. */
  markReady(request: KeyedAsyncRequest<K, In, Answer>): void {
    if (request.place !== undefined) this.ready.push(request.place.lane);
  }

  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** Takes an element that can be processed out of its lane. */
  takeReady(): KeyedAsyncRequest<K, In, Answer> | undefined {
    const request = this.ready.shift()?.requests.shift();
    if (request?.place === undefined) return undefined;
    request.place.group.pending -= 1;
    this.size -= 1;
    return request;
  }

  /** After the element has been processed: the next of its lane, whose turn it is now. */
  nextAfter({ place }: KeyedAsyncRequest<K, In, Answer>): KeyedAsyncRequest<K, In, Answer> | undefined {
    const next = place?.lane.requests[0];
    if (next === undefined && place !== undefined) this.byId.delete(place.lane.id);
    return next;
  }

  get lanes(): ReadonlyMap<LaneId, Lane<K, In, Answer>> {
    return this.byId;
  }
}

/** The elements of one key, in their order. */
export interface Lane<K extends Key, In, Answer> {
  readonly id: LaneId;
  readonly requests: KeyedAsyncRequest<K, In, Answer>[];
}

export interface PlaceInLane<K extends Key, In, Answer> {
  readonly lane: Lane<K, In, Answer>;
  /** The elements that it came with, for all of which the next event waits. */
  readonly group: ElementsBetweenEvents;
}

/** Equal for equal keys. */
export type LaneId = string | number | bigint | boolean;

/** Text and numbers are compared by value as they are. */
export function laneIdOf(key: Key): LaneId {
  return typeof key === 'object' ? Buffer.from(encodeKey(key)).toString('latin1') : key;
}
