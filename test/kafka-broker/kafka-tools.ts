import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Compression } from '../../src/log/log-port.js';
import { kafkaClassPath, kafkaVersion } from './kafka-distribution.js';

export interface ConsoleConsumerOptions {
  /** Default `read_committed`. */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
  /** Ends when nothing came for this long, the time to find the end included; default 8 s, since the first poll includes joining the group. */
  readonly idleTimeoutMs?: number;
  /** A listener that wants more than a plain connection, and a file with the settings for it. */
  readonly address?: string;
  readonly clientProperties?: string;
}

export interface ConsoleRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

export interface ConsoleProducerRecord {
  readonly key: string;
  readonly value: string;
}

export interface TransactionListing {
  readonly transactionalId: string;
  readonly producerId: string;
  /** `Ongoing`, `CompleteCommit`, … */
  readonly state: string;
}

/** Brokers as Java's own tools see them: they share no code with ours. */
export interface KafkaTools {
  /** `host:port` of each broker. */
  readonly brokers: string[];
  /** Reads a topic, or those whose whole name is like a pattern, to the end with Java's console consumer. */
  consoleConsumer(topic: string | RegExp, options?: ConsoleConsumerOptions): Promise<ConsoleRecord[]>;
  /** Writes with Java's console producer. */
  consoleProducer(
    topic: string,
    records: readonly ConsoleProducerRecord[],
    compression: Compression,
  ): Promise<void>;
  /** Every transactional id that the brokers know, by Java's kafka-transactions tool. */
  describeTransactions(): Promise<TransactionListing[]>;
}

export function kafkaTools(brokers: string[]): KafkaTools {
  return {
    brokers,
    consoleConsumer: (topic, options) => readWithConsoleConsumer(brokers, topic, options),
    consoleProducer: (topic, records, compression) =>
      writeWithConsoleProducer(brokers, topic, records, compression),
    describeTransactions: () => listTransactions(brokers),
  };
}

/** Key and value are text without tabs and line ends; JSON is. */
async function readWithConsoleConsumer(
  brokers: readonly string[],
  topic: string | RegExp,
  options: ConsoleConsumerOptions = {},
): Promise<ConsoleRecord[]> {
  const properties = [
    'print.key=true',
    'print.partition=true',
    'print.offset=true',
    `null.literal=${nullLiteral}`,
  ];
  const output = await runTool([
    toolClasses.consoleConsumer,
    ...['--bootstrap-server', options.address ?? brokers.join(','), '--from-beginning'],
    ...(typeof topic === 'string' ? ['--topic', topic] : ['--include', topic.source]),
    ...['--isolation-level', options.isolation ?? 'read_committed'],
    ...(options.clientProperties === undefined ? [] : ['--consumer.config', options.clientProperties]),
    ...['--timeout-ms', String(options.idleTimeoutMs ?? 8000)],
    ...properties.flatMap((property) => ['--property', property]),
  ]);
  return linesOf(output).map(parseConsoleLine);
}

/** Key and value are text without tabs and line ends. */
async function writeWithConsoleProducer(
  brokers: readonly string[],
  topic: string,
  records: readonly ConsoleProducerRecord[],
  compression: Compression,
): Promise<void> {
  await runTool(
    [
      toolClasses.consoleProducer,
      ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--compression-codec', compression],
      // Lines go together, so that there is something to compress.
      ...['--timeout', '500', '--batch-size', '100000'],
      ...['--property', 'parse.key=true', '--property', 'key.separator=\t'],
    ],
    records.map(({ key, value }) => `${key}\t${value}\n`).join(''),
  );
}

async function listTransactions(brokers: readonly string[]): Promise<TransactionListing[]> {
  const [, ...rows] = await runTransactionsTool(brokers, ['list']);
  return rows.map((row) => {
    const [transactionalId = '', , producerId = '', state = ''] = row.trim().split(/\s+/);
    return { transactionalId, producerId, state };
  });
}

/** The console's tools were rewritten, and moved, between 3.7 and 4.0. */
const toolClasses = kafkaVersion.startsWith('3.')
  ? { consoleConsumer: 'kafka.tools.ConsoleConsumer', consoleProducer: 'kafka.tools.ConsoleProducer' }
  : {
      consoleConsumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
      consoleProducer: 'org.apache.kafka.tools.ConsoleProducer',
    };

/** Java's kafka-transactions tool with any of its commands; gives what it printed, a line each. */
export async function runTransactionsTool(
  brokers: readonly string[],
  command: readonly string[],
): Promise<string[]> {
  const tool = ['org.apache.kafka.tools.TransactionsCommand', '--bootstrap-server', brokers.join(',')];
  return linesOf(await runTool([...tool, ...command]));
}

/** Runs a Java source file with Kafka's jars; gives what it printed, a line each. */
export async function runJavaProgram(file: string, args: readonly string[]): Promise<string[]> {
  return linesOf(await runTool([file, ...args]));
}

const nullLiteral = '\\N';
/** The output of a test's largest topic. */
const outputBytesMax = 1024 * 1024 * 1024;

async function runTool(argumentsOfTool: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(
    'java',
    ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', await kafkaClassPath(), ...argumentsOfTool],
    { maxBuffer: outputBytesMax },
  );
  running.child.stdin?.end(input);
  const { stdout } = await running;
  return stdout;
}

function linesOf(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

/** `Partition:0<tab>Offset:12<tab>key<tab>value`. */
function parseConsoleLine(line: string): ConsoleRecord {
  const match = /^Partition:(\d+)\tOffset:(\d+)\t([^\t]*)\t(.*)$/.exec(line);
  if (match === null)
    throw new Error(`The console consumer wrote a line that is no record: ${line.slice(0, 200)}`);
  const [, partition, offset, key = '', value = ''] = match;
  return {
    partition: Number(partition),
    offset: Number(offset),
    key: key === nullLiteral ? null : key,
    value: value === nullLiteral ? null : value,
  };
}
