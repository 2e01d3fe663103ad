import type { KeyedState, KeyedStateFunction } from '../api/broadcast-functions.js';
import { CurrentOrigin } from '../exchange/record-origin.js';
import type { Key } from '../key-groups/key.js';
import type { KeyedStateBackend } from '../state/keyed-state-backend.js';
import type { OperatorContext } from './stream-operator.js';
import { ThreadShare } from './thread-share.js';

/**
 * What `applyToKeyedState` has asked for and is not done yet. Invariant: nothing else enters the operator until
 * each key has had its turn; a new element's key would be given or not, and its state seen or not, by where the
 * going through had come. It pauses while the output is full, and between keys when it has had its share of the
 * thread: with more keys than memory holds it takes longer than a heartbeat can wait.
 */
export class KeyedStateApplications<K extends Key> {
  private readonly context: OperatorContext<never>;
  private readonly backend: KeyedStateBackend;
  private readonly call: (key: K, application: KeyedStateApplication<K>) => void;
  private readonly waiting: KeyedStateApplication<K>[] = [];
  /** Of the element that asked for them. */
  private readonly origin = new CurrentOrigin();
  private keys: Iterator<Key | undefined, undefined> | undefined;
  private readonly share: ThreadShare;

  /** `call` runs the user's function; the key is the current one. */
  constructor(
    context: OperatorContext<never>,
    backend: KeyedStateBackend,
    call: (key: K, application: KeyedStateApplication<K>) => void,
  ) {
    this.context = context;
    this.backend = backend;
    this.call = call;
    this.share = new ThreadShare(context, keysPerShare);
  }

  add(application: KeyedStateApplication<K>): void {
    this.waiting.push(application);
    this.origin.copy(this.context.origin);
  }

  /** As `run`, when that has left keys. */
  resume(): boolean {
    const { origin } = this.context;
    origin.copy(this.origin);
    const isDone = this.run();
    origin.clear();
    return isDone;
  }

  /** False when keys are left: `resume` is to be called before anything else happens. */
  run(): boolean {
    this.share.begin();
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      this.keys ??= this.backend.keysOf(next.stateName);
      for (;;) {
        if (!this.share.take()) return false;
        const { value: key, done } = this.keys.next();
        if (done) break;
        if (key !== undefined) this.call(key as K, next);
      }
      this.keys = undefined;
      this.waiting.shift();
    }
    return true;
  }
}

export interface KeyedStateApplication<K extends Key> {
  readonly stateName: string;
  readonly state: KeyedState;
  readonly fn: KeyedStateFunction<K, never>;
}

/** As many as a step has records, and likely milliseconds: a key may have to be read from the base, also to find nothing. */
const keysPerShare = 256;
