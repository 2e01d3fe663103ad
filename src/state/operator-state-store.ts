import type { OperatorStateSnapshot } from '../checkpoint/checkpoint-metadata.js';
import { MillraceError } from '../protocol/failures.js';
import { ByteWriter } from './byte-writer.js';
import { HeapBroadcastState } from './heap-broadcast-state.js';
import { HeapListState } from './heap-list-state.js';
import { decodePlainValue } from './plain-value-decoding.js';
import { encodePlainValue } from './plain-value-encoding.js';

/**
 * What one operator's subtask keeps beside the keys (Flink's OperatorStateBackend): lists and broadcast maps, in
 * memory, and whole in each checkpoint's metadata. Invariant: a state that was restored and that nobody has asked
 * for is in the next snapshot as it was, so that a function which registers it late finds it.
 */
export class OperatorStateStore {
  private readonly what: string;
  private readonly restored: Map<string, OperatorStateSnapshot>;
  private readonly states = new Map<string, RegisteredState>();
  private readonly writer = new ByteWriter();

  /** `operator` names it in errors. */
  constructor(operator: string, restored: readonly OperatorStateSnapshot[] = []) {
    this.what = `operator "${operator}"`;
    this.restored = new Map(restored.map((state) => [state.name, state]));
  }

  /** @throws MillraceError when the name is another kind of state's. */
  listState<T>(name: string, mode: 'split-distribute' | 'union'): HeapListState<T> {
    const registered = this.states.get(name);
    if (registered !== undefined) {
      if (registered.mode === mode) return registered.state as HeapListState<T>;
      throw this.otherKind(name, registered.mode, mode);
    }
    const items = this.takeRestored(name, mode).map((item) => ({
      value: this.decode(item, name) as T,
      item,
    }));
    const state = new HeapListState<T>(items, (value) => this.encode(value, name));
    this.states.set(name, { mode, state });
    return state;
  }

  /** @throws MillraceError when the name is another kind of state's. */
  broadcastState<K extends string | number, V>(name: string): HeapBroadcastState<K, V> {
    const registered = this.states.get(name);
    if (registered !== undefined) {
      if (registered.mode === 'broadcast') return registered.state as HeapBroadcastState<K, V>;
      throw this.otherKind(name, registered.mode, 'broadcast');
    }
    const entries = this.takeRestored(name, 'broadcast').map((item) => {
      const [key, value] = this.decode(item, name) as readonly [K, V];
      return [key, { value, item }] as const;
    });
    const state = new HeapBroadcastState<K, V>(entries, (entry) => this.encode(entry, name));
    this.states.set(name, { mode: 'broadcast', state });
    return state;
  }

  /** @throws MillraceError when it is more than a checkpoint's metadata should hold. */
  snapshot(): readonly OperatorStateSnapshot[] {
    const snapshots = [...this.restored.values()];
    for (const [name, { mode, state }] of this.states) {
      const items = state.encodedItems();
      if (items.length > 0) snapshots.push({ name, mode, items });
    }
    this.checkSize(snapshots);
    return snapshots;
  }

  private takeRestored(name: string, mode: OperatorStateSnapshot['mode']): readonly string[] {
    const restored = this.restored.get(name);
    if (restored === undefined) return [];
    if (restored.mode !== mode) throw this.otherKind(name, restored.mode, mode);
    this.restored.delete(name);
    return restored.items;
  }

  private encode(value: unknown, name: string): string {
    this.writer.reset();
    encodePlainValue(this.writer, value, `An item of the state "${name}" of ${this.what}`);
    return this.writer.bytes.toString('base64', 0, this.writer.length);
  }

  private decode(item: string, name: string): unknown {
    const bytes = Buffer.from(item, 'base64');
    try {
      return decodePlainValue(bytes, 0, bytes.length);
    } catch (cause) {
      throw new MillraceError(
        `An item of the state "${name}" of ${this.what} in the checkpoint is damaged.`,
        {
          domain: 'internal',
          action: 'fail-job',
          cause,
        },
      );
    }
  }

  private checkSize(snapshots: readonly OperatorStateSnapshot[]): void {
    let length = 0;
    for (const { items } of snapshots) for (const item of items) length += item.length;
    if (length <= operatorStateLengthMax) return;
    throw new MillraceError(
      `The operator state of ${this.what} is ${Math.ceil(length / 1024 / 1024)} MB; at most ${operatorStateLengthMax / 1024 / 1024} MB fit, since it is in memory and whole in each checkpoint. Keep less of it, or keep it per key.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }

  private otherKind(name: string, was: OperatorStateSnapshot['mode'], is: string): MillraceError {
    return new MillraceError(
      `The state "${name}" of ${this.what} is asked for as ${is}, and is ${was}. Give the two states names of their own.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}

/** In base64. Metadata is one JSON text that is written, read and sent whole: this much takes some 100 ms. */
const operatorStateLengthMax = 16 * 1024 * 1024;

interface RegisteredState {
  readonly mode: OperatorStateSnapshot['mode'];
  readonly state: { encodedItems(): readonly string[] };
}
