import { join } from 'node:path';
import { nodeClock } from '../host/node-clock.js';
import { NodeFiles } from '../host/node-files.js';
import { nodeRandom } from '../host/node-random.js';
import type { SlotIndex } from '../protocol/ids.js';
import { CachedKeyedStateStore } from './cached-keyed-state-store.js';
import type { KeyedStateStore } from './keyed-state-backend.js';
import { LmdbStateBases } from './lmdb-state-bases.js';

/**
 * The keyed state of one slot on disk: `slots/<slot>/base` is its LMDB environment, `slots/<slot>/segments`
 * what is not merged into it yet. To be opened by the slot's own thread, and by no other at the same time.
 */
export function openKeyedStateStore(place: {
  readonly stateDir: string;
  readonly slot: SlotIndex;
}): KeyedStateStore {
  const folder = `slots/${place.slot}`;
  return new CachedKeyedStateStore({
    bases: new LmdbStateBases(join(place.stateDir, folder, 'base'), nodeClock),
    files: new NodeFiles(place.stateDir),
    segmentFolder: `${folder}/segments`,
    clock: nodeClock,
    random: nodeRandom,
  });
}
