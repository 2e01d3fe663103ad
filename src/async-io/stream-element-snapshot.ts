import type { JsonValue, OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { ByteWriter } from '../state/byte-writer.js';
import { decodePlainValue } from '../state/plain-value-decoding.js';
import { encodePlainValue } from '../state/plain-value-encoding.js';
import { AsyncRequest } from './async-request.js';
import { isEvent, type QueuedEvent } from './stream-element-queue.js';

/**
 * A queue's contents in a checkpoint. Invariant: the elements are operator list state, so that another number
 * of subtasks can share them; the events between them are one subtask's own watermarks, and mean nothing to
 * another.
 */
export function snapshotStreamElements(
  contents: Iterable<AsyncRequest<unknown, unknown> | QueuedEvent>,
  place: SubtaskPlace & { readonly name: string },
): OperatorSnapshot {
  const writer = new ByteWriter();
  const listState: StoredElement[] = [];
  const events: StoredEvent[] = [];
  let stateBytes = 0;
  for (const element of contents) {
    if (isEvent(element)) {
      events.push({ after: listState.length, event: element });
      continue;
    }
    writer.reset();
    encodePlainValue(writer, element.value, `An element in flight of operator "${place.name}"`);
    stateBytes += writer.length;
    listState.push({ value: writer.written().toString('base64'), timestamp: element.elementTimestamp });
  }
  const { subtaskIndex, parallelism } = place;
  const storedEvents: StoredEvents = { subtaskIndex, parallelism, events };
  return {
    ...(listState.length === 0 ? {} : { listState: listState as unknown as readonly JsonValue[] }),
    ...(events.length === 0 ? {} : { subtaskState: storedEvents as unknown as JsonValue }),
    stateBytes,
  };
}

/** The elements of a snapshot and, where they are this subtask's own, the events between them. */
export function restoreStreamElements<In, Result>(
  restored: OperatorSnapshot | undefined,
  place: SubtaskPlace,
): (AsyncRequest<In, Result> | QueuedEvent)[] {
  const stored = (restored?.listState ?? []) as unknown as readonly StoredElement[];
  const events = [...eventsOf(restored?.subtaskState as unknown as StoredEvents | undefined, place)];
  const contents: (AsyncRequest<In, Result> | QueuedEvent)[] = [];
  stored.forEach(({ value, timestamp }, index) => {
    while (events[0] !== undefined && events[0].after <= index) contents.push(events.shift()!.event);
    const bytes = Buffer.from(value, 'base64');
    contents.push(new AsyncRequest(decodePlainValue(bytes, 0, bytes.length) as In, timestamp));
  });
  return [...contents, ...events.map(({ event }) => event)];
}

function eventsOf(stored: StoredEvents | undefined, place: SubtaskPlace): readonly StoredEvent[] {
  const isOwn = stored?.subtaskIndex === place.subtaskIndex && stored.parallelism === place.parallelism;
  return isOwn ? stored.events : [];
}

export interface SubtaskPlace {
  readonly subtaskIndex: number;
  readonly parallelism: number;
}

interface StoredElement {
  /** As in keyed state, in base64. */
  readonly value: string;
  readonly timestamp: number;
}

interface StoredEvents extends SubtaskPlace {
  readonly events: readonly StoredEvent[];
}

interface StoredEvent {
  /** How many elements come before it. */
  readonly after: number;
  readonly event: QueuedEvent;
}
