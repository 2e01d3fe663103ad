import { startKafkaBroker } from './kafka-broker.js';

/** `npm run kafka`: a real broker for trying things out and for benchmarks, until Ctrl-C. Its data goes with it. */
const broker = await startKafkaBroker();
process.stdout.write(`${broker.brokers.join(',')}\n`);
process.stderr.write('Apache Kafka runs at this address until Ctrl-C; its data is removed then.\n');
const stop = (): void => {
  void broker.stop().then(() => process.exit(0));
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
