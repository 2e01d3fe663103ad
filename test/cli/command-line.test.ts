import { describe, expect, it } from 'vitest';
import { type CommandLineOptions, parseCommandLine } from '../../src/cli/command-line.js';

function parsed(...args: string[]): CommandLineOptions {
  const result = parseCommandLine(args, '1.2.3');
  if (result.kind !== 'run') throw new Error(JSON.stringify(result));
  return result.options;
}

function mistakes(...args: string[]): string {
  const result = parseCommandLine(args, '1.2.3');
  if (result.kind !== 'usage-error') throw new Error(`No mistake was found: ${JSON.stringify(result)}`);
  return result.message;
}

describe('parseCommandLine', () => {
  it('needs no option, and leaves the settings of the job to the job', () => {
    expect(parsed()).toEqual({
      settings: {
        parallelism: undefined,
        maxParallelism: undefined,
        checkpointIntervalMs: undefined,
        restartStrategy: undefined,
        restart: { attempts: undefined, delayMs: undefined },
      },
      jobFile: undefined,
      kafka: { brokers: undefined, commandConfig: undefined, properties: new Map() },
      stateDir: undefined,
      fresh: false,
      generate: undefined,
      createTopics: [],
      heartbeatTimeoutMs: 10_000,
      heapMb: 2_048,
      metricsPort: undefined,
      metricsIntervalMs: undefined,
    });
  });

  it('reads every option', () => {
    const options = parsed(
      ...['--parallelism', '2', '--max-parallelism=64', '--job', 'my.job.ts', '--state-dir', '/tmp/x'],
      ...['--brokers', 'a:9092, b.example.org:9093,[::1]:9094', '--checkpoint-interval', '500ms', '--fresh'],
      ...['--generate', '4000000', '--restart-strategy', 'fixed-delay', '--restart-attempts', '3'],
      ...['--restart-delay', '2s', '--heartbeat-timeout', '3s', '--heap-mb', '512'],
      ...['--metrics-port', '9249', '--metrics-interval', '10s'],
    );
    expect(options).toEqual({
      settings: {
        parallelism: 2,
        maxParallelism: 64,
        checkpointIntervalMs: 500,
        restartStrategy: 'fixed-delay',
        restart: { attempts: 3, delayMs: 2_000 },
      },
      jobFile: 'my.job.ts',
      kafka: {
        brokers: ['a:9092', 'b.example.org:9093', '[::1]:9094'],
        commandConfig: undefined,
        properties: new Map(),
      },
      stateDir: '/tmp/x',
      fresh: true,
      generate: 4_000_000,
      createTopics: [],
      heartbeatTimeoutMs: 3_000,
      heapMb: 512,
      metricsPort: 9249,
      metricsIntervalMs: 10_000,
    });
  });

  it('names all mistakes of one invocation in one message', () => {
    const message = mistakes(
      ...[
        '--parallelism',
        'two',
        '--brokers',
        'localhost,b:0',
        '--checkpoint-interval',
        '5',
        '--colour',
        'red',
      ],
      ...['--restart-strategy', 'hope', '--generate', '0', '--max-parallelism', '40000', '--job'],
    );
    for (const part of [
      '--parallelism is "two"',
      '"localhost", "b:0"',
      '--checkpoint-interval is "5"',
      'no option --colour',
      '"red" belongs to no option',
      '--restart-strategy is "hope"',
      '--generate is "0"',
      '--max-parallelism is "40000"',
      '--job needs a value',
    ]) {
      expect(message).toContain(part);
    }
    expect(message.match(/^ {2}- /gm)).toHaveLength(9);
  });

  it('refuses more subtasks than key groups', () => {
    expect(mistakes('--parallelism', '200', '--max-parallelism', '128')).toContain(
      '--parallelism 200 is more than --max-parallelism 128',
    );
  });

  it.each(['-1', '1.5', '1e3', '', ' ', '0x10', '2000'])('refuses the parallelism "%s"', (text) => {
    expect(mistakes(`--parallelism=${text}`)).toContain('--parallelism is');
  });

  it('refuses an interval too short for a checkpoint', () => {
    expect(mistakes('--checkpoint-interval', '1ms')).toContain('at least 10ms');
  });

  it('refuses settings of a restart that never comes', () => {
    expect(mistakes('--restart-strategy', 'none', '--restart-attempts', '3')).toContain('mean nothing');
  });

  it('takes an option twice as its last value', () => {
    expect(parsed('--parallelism', '2', '--parallelism', '4').settings.parallelism).toBe(4);
  });

  it('does not take the next option for a value', () => {
    expect(mistakes('--job', '--fresh')).toContain('--job needs a value');
  });

  it('reads topics to create, with their partitions and files, and refuses others', () => {
    expect(
      parsed('--create-topic', 'a', '--create-topic=b:4', '--create-topic', 'c:2=in/c=d.jsonl').createTopics,
    ).toEqual([
      { topic: 'a', partitions: 1, file: undefined },
      { topic: 'b', partitions: 4, file: undefined },
      { topic: 'c', partitions: 2, file: 'in/c=d.jsonl' },
    ]);
    const message = mistakes('--create-topic', 'a:b', '--create-topic', '--parallelism', '0');
    expect(message).toContain('--create-topic is "a:b": give name, name:partitions, name=file');
    expect(message).toContain('--create-topic needs a value');
    expect(message).toContain('--parallelism is "0"');
  });

  it('prints the version and nothing else', () => {
    expect(parseCommandLine(['--version'], '1.2.3')).toEqual({ kind: 'print', text: 'millrace 1.2.3\n' });
  });

  it('prints a help that names every option, even beside mistakes', () => {
    const result = parseCommandLine(['--help', '--parallelism', 'x'], '1.2.3');
    if (result.kind !== 'print') throw new Error('No help.');
    expect(result.text).not.toContain('preset');
    for (const flag of [
      '--parallelism <n>',
      '--job <file>',
      '--brokers',
      '--state-dir',
      '--fresh',
      '--generate',
    ]) {
      expect(result.text).toContain(flag);
    }
    expect(result.text).toContain('(default: 1s)');
  });
});
