/**
 * One key's list in memory. Its elements are numbered from the first ever added; `[head, tail)` are in it now.
 * Where an element lies is its number, or with a `capacity` its number modulo that: a bounded list then
 * overwrites the cell of the element it drops, so that an `add` changes two cells however long the list is.
 */
export class ListEntry {
  head = 0;
  tail = 0;
  /** 0 for a list without bound. */
  capacity: number;
  /** The elements from number `loadedFrom` to `tail`: adding needs none of the others. */
  elements: unknown[] = [];
  loadedFrom = 0;
  /** True when `elements` was given to the user, who may keep it: it is copied before the next change. */
  handedOut = false;
  /** What the segments and the base hold. */
  packedHead = 0;
  packedTail = 0;
  packedCapacity: number;
  /** The size of the element last packed or loaded: the estimate for all. */
  elementBytes = 0;
  /** What the cache counts for this entry. */
  countedBytes = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.packedCapacity = capacity;
  }

  get length(): number {
    return this.tail - this.head;
  }

  add(element: unknown): void {
    if (this.handedOut) {
      this.elements = this.elements.slice();
      this.handedOut = false;
    }
    this.elements.push(element);
    this.tail += 1;
    if (this.capacity === 0 || this.length <= this.capacity) return;
    this.head += 1;
    if (this.loadedFrom < this.head) {
      this.elements.shift();
      this.loadedFrom = this.head;
    }
  }

  /** Drops the oldest of the elements in memory, and all that are older still. */
  dropLoaded(count: number): void {
    this.elements = this.elements.slice(count);
    this.handedOut = false;
    this.loadedFrom += count;
    this.head = this.loadedFrom;
  }

  /** The new elements get new numbers, so that what is packed of the old ones is told apart from them. */
  replace(elements: readonly unknown[], capacity: number): void {
    this.capacity = capacity;
    this.elements = capacity === 0 ? elements.slice() : elements.slice(-capacity);
    this.handedOut = false;
    this.head = this.tail;
    this.loadedFrom = this.head;
    this.tail = this.head + this.elements.length;
  }

  positionOf(element: number): number {
    return this.capacity === 0 ? element : element % this.capacity;
  }

  /** Where packed elements lie that are not in the list any more and whose cells no other took. */
  *abandonedPositions(): Generator<number> {
    const end = Math.min(this.packedTail, this.head);
    for (let element = this.packedHead; element < end; element++) {
      const position = this.packedCapacity === 0 ? element : element % this.packedCapacity;
      if (!this.isInUse(position)) yield position;
    }
  }

  private isInUse(position: number): boolean {
    if (this.capacity === 0) return position >= this.head && position < this.tail;
    if (position >= this.capacity) return false;
    const offset = (position - (this.head % this.capacity) + this.capacity) % this.capacity;
    return offset < this.length;
  }
}
