import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import type { LatencyOrder } from './latency-order.js';
import { type LatencySummary, summarizeLatencies } from './latency-summary.js';
import { type AnsweredEvent, preciseEpochMs } from './timed-event.js';

/**
 * A process of its own: reads the job's answers, committed ones only, until each event has one, and prints
 * how long after its sending an event's answer was there.
 */
async function readAll(order: LatencyOrder): Promise<LatencySummary> {
  const latenciesMs = new Float64Array(order.events).fill(Number.NaN);
  const log = createKafkaLogClient({ brokers: [...order.brokers] });
  let missing = order.events;
  await new Promise<void>((resolve, reject) => {
    const silence = setTimeout(() => reject(new Error(`${missing} events have no answer.`)), patienceMs);
    const reader = log.openReader({
      prefetchBytes,
      onError: reject,
      onAvailable: () => {
        for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
          const nowMs = preciseEpochMs();
          while (batch.next()) {
            const answer = JSON.parse(
              batch.bytes.toString('utf8', batch.valueStart, batch.valueEnd),
            ) as AnsweredEvent;
            if (!Number.isNaN(latenciesMs[answer.sequence]))
              reject(new Error(`Event ${answer.sequence} was answered twice.`));
            latenciesMs[answer.sequence] = nowMs - answer.sent_at_ms;
            missing -= 1;
          }
          batch.release();
          silence.refresh();
        }
        if (missing > 0) return;
        clearTimeout(silence);
        resolve();
      },
    });
    for (let partition = 0; partition < order.partitions; partition += 1)
      reader.addPartition({ topic: order.output, partition }, 0, undefined);
  });
  await log.close();
  return summarizeLatencies(latenciesMs.subarray(order.warmUpEvents));
}

const prefetchBytes = 8 * 1024 * 1024;
/** Without any answer; far more than the start of a job takes. */
const patienceMs = 60_000;

const summary = await readAll(JSON.parse(process.argv[2] ?? '') as LatencyOrder);
process.stdout.write(`${JSON.stringify(summary)}\n`);
