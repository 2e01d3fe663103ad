import type { MapState } from '../../state/state-descriptors.js';
import {
  type CreateWindowContents,
  contentsStateName,
  elementsStateName,
  type WindowContents,
} from './window-contents.js';

/**
 * All elements of a window, for functions that want to see them. They lie in chunks, each in a cell of its
 * own, so that adding one to a large window writes a chunk and not the window.
 */
class ElementContents<T> implements WindowContents<T, readonly T[]> {
  /** How many elements each window has. */
  private readonly counts: MapState<string, number>;
  private readonly chunks: MapState<string, readonly T[]>;

  constructor(counts: MapState<string, number>, chunks: MapState<string, readonly T[]>) {
    this.counts = counts;
    this.chunks = chunks;
  }

  add(id: string, value: T): boolean {
    const count = this.counts.get(id) ?? 0;
    const chunkKey = keyOfChunk(id, Math.floor(count / chunkElements));
    const chunk = count % chunkElements === 0 ? [] : (this.chunks.get(chunkKey) ?? []);
    this.chunks.put(chunkKey, [...chunk, value]);
    this.counts.put(id, count + 1);
    return count > 0;
  }

  result(id: string): readonly T[] | undefined {
    const count = this.counts.get(id);
    if (count === undefined) return undefined;
    const elements: T[] = [];
    for (let chunk = 0; chunk * chunkElements < count; chunk += 1) {
      for (const element of this.chunks.get(keyOfChunk(id, chunk)) ?? []) elements.push(element);
    }
    return elements;
  }

  clear(id: string): void {
    const count = this.counts.get(id);
    if (count === undefined) return;
    for (let chunk = 0; chunk * chunkElements < count; chunk += 1) this.chunks.remove(keyOfChunk(id, chunk));
    this.counts.remove(id);
  }

  merge(into: string, from: readonly string[]): void {
    for (const id of from) {
      for (const element of this.result(id) ?? []) this.add(into, element);
      this.clear(id);
    }
  }
}

function keyOfChunk(id: string, chunk: number): string {
  return `${id}/${chunk}`;
}

/** Written anew with each element that comes between two checkpoints, and one look-up each when a window fires. */
const chunkElements = 32;

export function elementContents<T>(): CreateWindowContents<T, readonly T[]> {
  return (backend) =>
    new ElementContents<T>(
      backend.mapState<string, number>({ name: contentsStateName }),
      backend.mapState<string, readonly T[]>({ name: elementsStateName }),
    );
}
