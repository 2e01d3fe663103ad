import type { Key } from '../key-groups/key.js';
import { subtaskForKeyGroup } from '../key-groups/key-group-assignment.js';
import { KeyGroupHasher } from '../key-groups/key-group-hasher.js';
import { MillraceError } from '../protocol/failures.js';
import { keyGroup } from '../protocol/ids.js';

/**
 * Picks the channel for each record. Invariant of keyBy: the channel follows from the key alone, by the same
 * key groups that place its state; a record sent elsewhere would begin a second state for its key.
 */
export interface RecordRouter {
  /** The channel's number, or `allChannels`. */
  route(value: unknown): number;
}

export const allChannels = -1;

/** How an edge spreads its records; what the graph calls its partitioning. */
export type Routing =
  | { readonly kind: 'forward' }
  | { readonly kind: 'key-by'; readonly keySelector: (value: never) => Key }
  | { readonly kind: 'rebalance' }
  | { readonly kind: 'rescale' }
  | { readonly kind: 'shuffle' }
  | { readonly kind: 'global' }
  | { readonly kind: 'broadcast' }
  | {
      readonly kind: 'custom';
      readonly name: string;
      readonly selectChannel: (value: never, numberOfChannels: number) => number;
    };

export interface RouterSettings {
  /** The channels of the edge that this subtask writes to, numbered as the downstream subtasks are. */
  readonly channelCount: number;
  readonly maxParallelism: number;
  /** Of the writer: where it begins to go round, so that all writers together are even from the start. */
  readonly subtaskIndex: number;
}

export function createRecordRouter(routing: Routing, settings: RouterSettings): RecordRouter {
  switch (routing.kind) {
    case 'forward':
    // Its only channel leads to the first subtask.
    case 'global':
      return new ForwardRouter();
    case 'key-by':
      return new KeyRouter(routing.keySelector as (value: unknown) => Key, settings);
    case 'rebalance':
    case 'rescale':
      return new RoundRobinRouter(settings.channelCount, settings.subtaskIndex % settings.channelCount);
    case 'shuffle':
      return new ShuffleRouter(settings.channelCount, settings.subtaskIndex);
    case 'broadcast':
      return new BroadcastRouter();
    case 'custom':
      return new CustomRouter(
        routing.name,
        routing.selectChannel as (value: unknown, numberOfChannels: number) => number,
        settings.channelCount,
      );
  }
}

class ForwardRouter implements RecordRouter {
  route(): number {
    return 0;
  }
}

export class KeyRouter implements RecordRouter {
  private readonly keySelector: (value: unknown) => Key;
  private readonly hasher: KeyGroupHasher;
  private readonly channelOfKeyGroup: Uint16Array;

  constructor(keySelector: (value: unknown) => Key, settings: RouterSettings) {
    const { channelCount, maxParallelism } = settings;
    this.keySelector = keySelector;
    this.hasher = new KeyGroupHasher(maxParallelism);
    this.channelOfKeyGroup = Uint16Array.from({ length: maxParallelism }, (_, group) =>
      subtaskForKeyGroup(keyGroup(group), channelCount, maxParallelism),
    );
  }

  route(value: unknown): number {
    return this.channelOf(this.keySelector(value));
  }

  channelOf(key: Key): number {
    return this.channelOfKeyGroup[this.hasher.keyGroupOf(key)]!;
  }
}

class RoundRobinRouter implements RecordRouter {
  private readonly channelCount: number;
  private next: number;

  constructor(channelCount: number, first: number) {
    this.channelCount = channelCount;
    this.next = first;
  }

  route(): number {
    const channel = this.next;
    this.next = channel + 1 === this.channelCount ? 0 : channel + 1;
    return channel;
  }
}

/**
 * Without a pattern, but the same in each run: the numbers come from the writer's place (xorshift32), since chance
 * of the host's would make a failure impossible to repeat.
 */
class ShuffleRouter implements RecordRouter {
  private readonly channelCount: number;
  private state: number;

  constructor(channelCount: number, subtaskIndex: number) {
    this.channelCount = channelCount;
    // Never 0, which would stay 0; neighbours begin far apart.
    this.state = Math.imul(subtaskIndex + 1, 0x9e3779b1) | 1;
  }

  route(): number {
    let state = this.state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return (state >>> 0) % this.channelCount;
  }
}

class BroadcastRouter implements RecordRouter {
  route(): number {
    return allChannels;
  }
}

class CustomRouter implements RecordRouter {
  private readonly name: string;
  private readonly selectChannel: (value: unknown, numberOfChannels: number) => number;
  private readonly channelCount: number;

  constructor(
    name: string,
    selectChannel: (value: unknown, numberOfChannels: number) => number,
    channelCount: number,
  ) {
    this.name = name;
    this.selectChannel = selectChannel;
    this.channelCount = channelCount;
  }

  route(value: unknown): number {
    const channel = this.selectChannel(value, this.channelCount);
    if (Number.isInteger(channel) && channel >= 0 && channel < this.channelCount) return channel;
    throw new MillraceError(
      `The partitioner "${this.name}" answered ${String(channel)}; with ${this.channelCount} channels it must answer a whole number from 0 to ${this.channelCount - 1}.`,
      { domain: 'user-code', action: 'fail-job' },
    );
  }
}
