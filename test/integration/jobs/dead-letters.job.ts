import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { defineJob, json, kafkaSink, kafkaSource } from 'millrace';

/** Copies texts that are JSON, puts the others aside, and fails once in the middle, when a checkpoint is complete. */
const marker = process.env.TEST_MARKER ?? '';
const checkpoints = `${process.env.TEST_STATE_DIR}/checkpoints`;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function failOnce(): void {
  if (existsSync(marker) || !readdirSync(checkpoints).some((name) => /^chk-[1-9].*json$/.test(name))) return;
  writeFileSync(marker, '');
  throw new Error('thrown on purpose');
}

export default defineJob('dead-letters', (env) => {
  const texts = kafkaSource({
    topics: /^te.ts$/,
    value: json<number>(),
    bounded: 'latest',
    // Exactly-once, since the sink is.
    onUndecodable: { deadLetter: 'unreadable', compression: 'zstd' },
  });
  const numbers = kafkaSink<number>({
    record: (n) => ({ topic: 'numbers', value: String(n) }),
    deliveryGuarantee: 'exactly-once',
    transactionalIdPrefix: 'numbers',
    compression: 'lz4',
  });
  env
    .fromSource(texts, { uid: 'texts' })
    .map((n) => {
      // Slow enough for a few checkpoints on the way.
      Atomics.wait(sleeper, 0, 0, 1);
      if (n > 800) failOnce();
      return n;
    })
    .sinkTo(numbers, { uid: 'numbers' });
});
