import type { Clock } from '../host/clock.js';
import type { Files } from '../host/files.js';
import type { Random } from '../host/random.js';
import { CachedKeyedStateBackend } from './cached-keyed-state-backend.js';
import type { KeyedStateBackend, KeyedStateOpenRequest, KeyedStateStore } from './keyed-state-backend.js';
import { restoreKeyedState } from './keyed-state-restore.js';
import { operatorFileName } from './operator-file-name.js';
import type { StateBases } from './state-base.js';
import { defaultStateLimits, type StateLimits } from './state-limits.js';

/** The keyed state of one slot: a base and a folder of segments for each of its operators. */
export class CachedKeyedStateStore implements KeyedStateStore {
  private readonly options: KeyedStateStoreOptions;
  private readonly limits: StateLimits;
  private readonly backends: KeyedStateBackend[] = [];

  constructor(options: KeyedStateStoreOptions) {
    this.options = options;
    this.limits = { ...defaultStateLimits, ...options.limits };
  }

  async open(request: KeyedStateOpenRequest): Promise<KeyedStateBackend> {
    const { bases, files, segmentFolder, clock, random } = this.options;
    const folder = `${segmentFolder}/${operatorFileName(request.operatorUid)}`;
    const restored = await restoreKeyedState({ bases, files, folder, random }, request);
    const owner = `operator "${request.operatorUid}"`;
    const { limits } = this;
    const { onFailure } = request;
    const backend = new CachedKeyedStateBackend(request, restored, {
      files,
      folder,
      clock,
      limits,
      owner,
      onFailure,
    });
    this.backends.push(backend);
    return backend;
  }

  async close(): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.close()));
    await this.options.bases.close();
  }
}

export interface KeyedStateStoreOptions {
  /** `LmdbStateBases`, or `InMemoryStateBases` in the simulation. Closed with the store. */
  readonly bases: StateBases;
  readonly files: Files;
  /** Within `files`, of this slot alone. */
  readonly segmentFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: Partial<StateLimits>;
}
