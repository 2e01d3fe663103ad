import type { JsonValue, OperatorSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { noOrigin } from '../exchange/record-origin.js';
import type { OperatorStateStore } from '../state/operator-state-store.js';
import type { ListState } from '../state/state-descriptors.js';
import { AsyncRequest } from './async-request.js';
import { type StoredElement, storedElementOf } from './stored-element.js';
import { isEvent, type QueuedEvent } from './stream-element-queue.js';

/**
 * A queue's contents in a checkpoint. Invariant: the elements are operator list state, so that another number
 * of subtasks can share them; the events between them are one subtask's own watermarks, and mean nothing to
 * another. Idleness is left out: upstream is active after a restore until it says otherwise, and would never take
 * back what it did not say, so that everything behind would ignore its watermarks.
 */
export class StreamElementsInState {
  private readonly elements: ListState<StoredElement>;
  private readonly place: SubtaskPlace;

  constructor({ operatorState, subtaskIndex, parallelism }: SubtaskPlace & StateSurroundings) {
    this.elements = operatorState.listState<StoredElement>('elements-in-flight', 'split-distribute');
    this.place = { subtaskIndex, parallelism };
  }

  /** Puts the contents into the state that is to be taken next. */
  write(contents: Iterable<AsyncRequest<unknown, unknown> | QueuedEvent>): OperatorSnapshot {
    const elements: StoredElement[] = [];
    const events: StoredEvent[] = [];
    for (const element of contents) {
      if (!isEvent(element)) elements.push(storedElementOf(element));
      else if (element.kind === 'watermark') events.push({ after: elements.length, event: element });
    }
    this.elements.update(elements);
    if (events.length === 0) return { stateBytes: 0 };
    const subtaskState: StoredEvents = { ...this.place, events };
    return { subtaskState: subtaskState as unknown as JsonValue, stateBytes: 0 };
  }

  /** The restored elements and, where they are this subtask's own, the events between them. */
  read<In, Result>(restored: OperatorSnapshot | undefined): (AsyncRequest<In, Result> | QueuedEvent)[] {
    const events = [...this.ownEvents(restored?.subtaskState as unknown as StoredEvents | undefined)];
    const contents: (AsyncRequest<In, Result> | QueuedEvent)[] = [];
    this.elements.get().forEach(({ value, timestamp, origin }, index) => {
      while (events[0] !== undefined && events[0].after <= index) contents.push(events.shift()!.event);
      contents.push(new AsyncRequest(value as In, timestamp, origin ?? noOrigin));
    });
    return [...contents, ...events.map(({ event }) => event)];
  }

  private ownEvents(stored: StoredEvents | undefined): readonly StoredEvent[] {
    const { subtaskIndex, parallelism } = this.place;
    const isOwn = stored?.subtaskIndex === subtaskIndex && stored.parallelism === parallelism;
    return isOwn ? stored.events : [];
  }
}

interface StateSurroundings {
  readonly operatorState: OperatorStateStore;
}

interface SubtaskPlace {
  readonly subtaskIndex: number;
  readonly parallelism: number;
}

interface StoredEvents extends SubtaskPlace {
  readonly events: readonly StoredEvent[];
}

interface StoredEvent {
  /** How many elements come before it. */
  readonly after: number;
  readonly event: Extract<QueuedEvent, { kind: 'watermark' }>;
}
