/**
 * What changed since the last snapshot, each once. What goes again before the next snapshot leaves it at once:
 * held until then, it would have grown old in V8's heap, and most windows and their timers go so.
 */
export class DirtyList<Item extends DirtyItem> {
  private items: Item[] = [];

  get size(): number {
    return this.items.length;
  }

  /** False when it was in it. */
  add(item: Item): boolean {
    if (item.dirtyAt !== notDirty) return false;
    item.dirtyAt = this.items.push(item) - 1;
    return true;
  }

  /** False when it was not in it. The last one takes its place: their order does not matter. */
  delete(item: Item): boolean {
    if (item.dirtyAt === notDirty) return false;
    const last = this.items.pop()!;
    if (last !== item) {
      this.items[item.dirtyAt] = last;
      last.dirtyAt = item.dirtyAt;
    }
    item.dirtyAt = notDirty;
    return true;
  }

  /** All that was in it. */
  take(): readonly Item[] {
    const taken = this.items;
    this.items = [];
    for (const item of taken) item.dirtyAt = notDirty;
    return taken;
  }
}

export interface DirtyItem {
  /** Its place in the list, or `notDirty`. */
  dirtyAt: number;
}

export const notDirty = -1;
