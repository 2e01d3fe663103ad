import { LogError } from '../log-port.js';

/** Where a batch lies, for errors. */
export interface BatchPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** LogError `corrupt-batch`; `what` is a clause about the batch. */
export function corruptBatch(
  { topic, partition, offset }: BatchPlace,
  what: string,
  cause?: unknown,
): LogError {
  return new LogError(
    'corrupt-batch',
    `Topic ${topic}, partition ${partition}: the record batch at offset ${offset} is damaged: ${what}. ` +
      'Restore the partition from a replica; or pass over what is damaged: begin anew with --fresh and ' +
      'startingOffsets { offsets } behind it.',
    cause === undefined ? undefined : { cause },
  );
}
