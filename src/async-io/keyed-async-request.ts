import type { KeyedAsyncContext } from '../api/keyed-async-process-function.js';
import type { RecordOrigin } from '../exchange/record-origin.js';
import type { Key } from '../key-groups/key.js';
import { AsyncRequest } from './async-request.js';
import type { PlaceInLane } from './keyed-lanes.js';

/** A request for one element of a key. */
export class KeyedAsyncRequest<K extends Key, In, Answer>
  extends AsyncRequest<In, Answer>
  implements KeyedAsyncContext<K>
{
  readonly currentKey: K;
  /** Set when it can't be processed at once. */
  place: PlaceInLane<K, In, Answer> | undefined = undefined;

  constructor(key: K, value: In, elementTimestamp: number, origin: RecordOrigin) {
    super(value, elementTimestamp, origin);
    this.currentKey = key;
  }
}
