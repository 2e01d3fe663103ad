import { keyGroupRangeForSubtask } from '../key-groups/key-group-assignment.js';
import type { CheckpointId, OperatorUid, SubtaskIndex } from '../protocol/ids.js';
import { readSegment, SegmentCursor } from '../state/delta-segment.js';
import type { KeyedStateHandle, StateName } from '../state/keyed-state-backend.js';
import { operatorFileName } from '../state/operator-file-name.js';
import { segmentPath } from '../state/segment-log.js';
import type { StateBase, StateBases } from '../state/state-base.js';
import type { MemoryFiles } from './memory-files.js';

/**
 * The keyed state of one operator's subtasks, taken out of their stores. Its cells are those of a base, so it
 * can be put into new stores, divided among any number of subtasks: a cell's key begins with its key group.
 */
export class KeyedStateCopy {
  private readonly names: StateName[] = [];
  /** By the key's bytes as a string of as many characters. */
  private readonly cells = new Map<string, Buffer>();

  /** Adds the state of one subtask, as its checkpoint's handle names it. */
  async add(
    handle: KeyedStateHandle,
    bases: StateBases,
    files: MemoryFiles,
    segmentFolder: string,
  ): Promise<void> {
    const base = await bases.openExisting(handle.operatorUid);
    if (base === undefined) throw new Error(`The state of "${handle.operatorUid}" is not there.`);
    const ids = this.numbersOf(handle.states);
    for (const { key, value } of allCells(base)) this.cells.set(renumbered(key, ids), value);
    for (const ref of handle.segments) {
      if (ref.checkpointId <= base.progress.mergedThrough) continue;
      const file = await files.read(
        segmentPath(`${segmentFolder}/${operatorFileName(handle.operatorUid)}`, ref),
      );
      if (file === undefined) throw new Error(`A segment of "${handle.operatorUid}" is not there.`);
      const cursor = new SegmentCursor(readSegment(file, { ...handle, ...ref }));
      while (cursor.next()) {
        const key = renumbered(cursor.bytes.subarray(cursor.keyStart, cursor.keyEnd), ids);
        if (cursor.removed) this.cells.delete(key);
        else this.cells.set(key, Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd)));
      }
    }
  }

  /** Makes a store of one subtask's part, and gives the handle to restore it by. */
  async writeTo(bases: StateBases, part: StatePart): Promise<KeyedStateHandle> {
    const { operatorUid, checkpointId, subtaskIndex, parallelism, maxParallelism, storeId } = part;
    const keyGroupRange = keyGroupRangeForSubtask(subtaskIndex, parallelism, maxParallelism);
    const generation = 1;
    const base = await bases.create({ storeId, generation, operatorUid, maxParallelism, keyGroupRange });
    const changes = [...this.cells]
      .map(([key, value]) => ({ key: Buffer.from(key, 'latin1'), value }))
      .filter(({ key }) => {
        const keyGroup = key.readUInt16BE(0);
        return keyGroup >= keyGroupRange.start && keyGroup <= keyGroupRange.end;
      });
    await base.applyMerge(changes, { mergedThrough: checkpointId, mergingThrough: checkpointId });
    const states = this.names;
    return {
      kind: 'keyed-state',
      operatorUid,
      checkpointId,
      keyGroupRange,
      storeId,
      generation,
      segments: [],
      states,
      bytes: 0,
    };
  }

  /** Each subtask numbers the names of its states as they come; here each name has one number. */
  private numbersOf(states: readonly StateName[]): ReadonlyMap<number, number> {
    return new Map(
      states.map((state) => {
        let known = this.names.find((each) => each.name === state.name && each.kind === state.kind);
        if (known === undefined) {
          known = { ...state, id: this.names.length };
          this.names.push(known);
        }
        return [state.id, known.id];
      }),
    );
  }
}

export interface StatePart {
  readonly operatorUid: OperatorUid;
  readonly checkpointId: CheckpointId;
  readonly subtaskIndex: SubtaskIndex;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly storeId: string;
}

/** A cell's key is `key group u16 | state u16 | …`. */
const stateIdAt = 2;
const firstKey = Buffer.alloc(0);
/** Above every key: no key group is 0xffff. */
const lastKey = Buffer.from([0xff, 0xff]);

function allCells(base: StateBase): ReturnType<StateBase['scan']> {
  return base.scan(firstKey, lastKey, Number.POSITIVE_INFINITY);
}

function renumbered(key: Buffer, ids: ReadonlyMap<number, number>): string {
  const id = ids.get(key.readUInt16BE(stateIdAt));
  if (id === undefined) throw new Error('A cell belongs to a state without a name.');
  const copy = Buffer.from(key);
  copy.writeUInt16BE(id, stateIdAt);
  return copy.toString('latin1');
}
