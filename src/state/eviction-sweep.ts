import type { KeyContext } from './key-context.js';

/**
 * The contexts in which states have something, in a circle. The least recently used leave first, by second chance:
 * a hand goes around, spares those used since it last came by, and takes the others. A hit therefore costs one
 * flag, not a move in a list. A context that stays in memory for its timers alone is not in it: the hand would come
 * by many of those and find nothing.
 */
export class EvictionSweep implements Iterable<KeyContext> {
  private readonly contexts: KeyContext[] = [];
  private hand = 0;

  has(context: KeyContext): boolean {
    return context.sweepPlace !== notSwept;
  }

  /** It must not be in it. */
  add(context: KeyContext): void {
    context.sweepPlace = this.contexts.push(context) - 1;
  }

  /** It must be in it. The last one takes its place: behind the hand, as a new one's should be. */
  delete(context: KeyContext): void {
    const last = this.contexts.pop()!;
    if (last !== context) {
      this.contexts[context.sweepPlace] = last;
      last.sweepPlace = context.sweepPlace;
    }
    context.sweepPlace = notSwept;
  }

  /** Looks at one more; undefined when that was spared. */
  next(): KeyContext | undefined {
    if (this.hand >= this.contexts.length) this.hand = 0;
    const context = this.contexts[this.hand++];
    if (context === undefined || !context.referenced) return context;
    context.referenced = false;
    return undefined;
  }

  [Symbol.iterator](): Iterator<KeyContext> {
    return this.contexts.values();
  }
}

export const notSwept = -1;
