import { defineJob, fileSink, fileSource, json } from 'millrace';

interface Line {
  readonly id: number;
}

const isWatching = process.env.TEST_WATCHES === 'yes';

/** Copies the lines of the files of one folder to files of another, by way of an exchange. */
export default defineJob('files', (env) => {
  env
    .fromSource(
      fileSource({
        paths: process.env.TEST_INPUT ?? '',
        value: json<Line>(),
        ...(isWatching ? { monitorInterval: '100ms' } : {}),
      }),
      { uid: 'lines' },
    )
    .keyBy(({ id }) => id % 100)
    .reduce((_, line) => line, { uid: 'newest' })
    .sinkTo(
      fileSink<Line>({
        path: process.env.TEST_OUTPUT ?? '',
        value: json(),
        suffix: '.jsonl',
        rolling: isWatching ? 'on-checkpoint' : { partSize: 200_000, rolloverInterval: '1s' },
      }),
      { uid: 'copies' },
    );
});
