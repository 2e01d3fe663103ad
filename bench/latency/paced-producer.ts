import { EventGenerator } from '#dist/demo/event-generator.js';
import { createKafkaLogClient } from '#dist/log/kafka/kafka-log-client.js';
import { type LatencyOrder, users } from './latency-order.js';
import { preciseEpochMs, type TimedEvent } from './timed-event.js';

/**
 * A process of its own: sends events at an even rate, each with the time at which it was sent. What falls
 * due while the machine is busy elsewhere is sent as soon as it can be, with that time.
 */
async function produce(order: LatencyOrder): Promise<void> {
  const log = createKafkaLogClient({ brokers: [...order.brokers] });
  const generator = new EventGenerator({ users });
  const appender = log.openAppender({
    lingerMs: 0,
    bufferBytes,
    onWritable: () => {},
    onError: (error) => {
      throw error;
    },
  });
  const startedAtMs = performance.now();
  let sequence = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = ((performance.now() - startedAtMs) / 1_000) * order.eventsPerSecond;
      for (; sequence < Math.min(due, order.events); sequence += 1) {
        const event = generator.eventAt(sequence) as unknown as TimedEvent;
        const sent: TimedEvent = { ...event, sequence, sent_at_ms: preciseEpochMs() };
        appender.append({
          topic: order.input,
          partition: undefined,
          key: Buffer.from(event.user_id),
          value: Buffer.from(JSON.stringify(sent)),
          timestamp: Date.now(),
        });
      }
      if (sequence < order.events) return;
      clearInterval(timer);
      resolve();
    }, tickMs);
  });
  await appender.flush();
  await appender.close();
  await log.close();
}

/** Node's shortest timer. */
const tickMs = 1;
/** Many seconds of events: nothing holds the producer back. */
const bufferBytes = 256 * 1024 * 1024;

await produce(JSON.parse(process.argv[2] ?? '') as LatencyOrder);
