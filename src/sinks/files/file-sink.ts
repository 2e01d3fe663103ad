import { resolve } from 'node:path';
import { refuseUnknownOptions } from '../../api/option-names.js';
import type { ValueCodec } from '../../codecs/value-codec.js';
import { nodeRandom } from '../../host/node-random.js';
import { MillraceError } from '../../protocol/failures.js';
import type { Sink } from '../sink.js';
import { readFileCommittable } from './file-committable.js';
import { FileSinkWriter } from './file-sink-writer.js';
import { type RollingPolicyOptions, rollingPolicy } from './rolling-policy.js';
import { settleFiles } from './settle-files.js';

export interface FileSinkOptions<T> {
  /** The folder of the files; made where there is none. */
  readonly path: string;
  /** Encodes an element as a line: `json()`, `string()` … */
  readonly value: ValueCodec<T>;
  /** Begins each file's name; `'part'` by default. Two sinks on one folder must not share it. */
  readonly prefix?: string;
  /** Ends each file's name, such as `'.jsonl'`. */
  readonly suffix?: string;
  /** When a file is closed and the next one begun. */
  readonly rolling?: RollingPolicyOptions;
}

/**
 * Writes lines to files, exactly once (Flink's FileSink). A file is hidden while it is in progress, and gets
 * its name, `prefix-subtask-id-number`, when it was rolled and a checkpoint behind that is complete; so whoever
 * lists the folder sees each element once, through any crash.
 */
export function fileSink<T>(options: FileSinkOptions<T>): Sink<T> {
  refuseUnknownOptions<FileSinkOptions<T>>('fileSink', options, {
    path: true,
    value: true,
    prefix: true,
    suffix: true,
    rolling: true,
  });
  const { value, prefix = 'part', suffix = '' } = options;
  const mistakes: string[] = [];
  if (options.path === '') mistakes.push('path is empty');
  if (!namePattern.test(prefix))
    mistakes.push(`prefix is "${prefix}": use letters, digits, ".", "_" and "-"`);
  if (suffix !== '' && !namePattern.test(suffix)) {
    mistakes.push(`suffix is "${suffix}": use letters, digits, ".", "_" and "-"`);
  }
  const rolling = rollingPolicy(options.rolling, mistakes);
  if (mistakes.length > 0) {
    throw new MillraceError(`A file sink can't run: ${mistakes.join('; ')}.`, {
      domain: 'user-code',
      action: 'fail-job',
    });
  }
  const folder = resolve(options.path);
  return {
    kind: 'file-sink',
    description: `${options.path} ${prefix}`,
    createWriter: (context) => {
      const writerId = nodeRandom.uuid().slice(0, writerIdChars);
      return new FileSinkWriter<T>(context, { folder, prefix, suffix, value, rolling, writerId });
    },
    settle: ({ committables, warn }) =>
      settleFiles({ folder, prefix }, committables.map(readFileCommittable), warn),
  };
}

const namePattern = /^[A-Za-z0-9._-]+$/;
/** 48 bits: among a million writers of one folder, two alike are one chance in five hundred. */
const writerIdChars = 13;
