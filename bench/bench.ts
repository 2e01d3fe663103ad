import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * `npm run bench -- NAME [options]`: one file a question, each in a process of its own, so that nothing of one
 * benchmark (compiled code, heap, threads) is in another's figures.
 */
const benchmarks: Readonly<Record<string, string>> = {
  partitions:
    'records/s against the number of partitions and the parallelism, on the embedded log and on Kafka',
  w2: 'a keyed aggregate over 4 M events from Kafka, with a checkpoint each second and its state checked',
  kafka: 'reading from Kafka and writing to it, beside plain kafkajs',
  latency: 'from an event in Kafka to its answer at a reader of committed records, at 2,000 events/s',
  windows: 'keyed event-time windows over 4 M events from Kafka, with all results checked',
  recovery: 'time until the first record is processed again after kill -9, and after an error',
  async: 'elements a second that can be asked about, with 1,000 requests of 20 ms under way',
  state: 'what keyed state costs an update, at given updates a checkpoint',
  exchange: 'what a record costs on its way to another subtask',
};

const [name = '', ...args] = process.argv.slice(2);
if (benchmarks[name] === undefined) {
  const lines = Object.entries(benchmarks).map(([known, question]) => `  ${known.padEnd(12)}${question}\n`);
  process.stderr.write(`npm run bench -- NAME [options], where NAME is one of\n${lines.join('')}`);
  process.exitCode = 2;
} else {
  const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const benchmark = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
  const [exitCode] = (await once(benchmark, 'exit')) as [number | null];
  process.exitCode = exitCode ?? 1;
}
