import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCommandLine } from '../../src/cli/command-line.js';
import { type Environment, kafkaConfigOf } from '../../src/cli/kafka-options.js';

function configOf(args: readonly string[], environment: Environment = {}) {
  const commandLine = parseCommandLine(args, '1');
  if (commandLine.kind !== 'run') throw new Error('The command line is wrong.');
  const log: string[] = [];
  const config = kafkaConfigOf(commandLine.options.kafka, environment, { info: (line) => log.push(line) });
  return { config, log };
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-options-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'client.properties');
  writeFileSync(file, text);
  return file;
}

describe("Kafka's settings for a job", () => {
  it('come from the command line before the environment, and from both before the file', () => {
    const file = fileWith(
      '# Handed out\nbootstrap.servers = file:9092,\\\n  other:9092\nlinger.ms:1\nbatch.size=2\nclient.id=file\n',
    );
    const environment = { MILLRACE_KAFKA_LINGER_MS: '10', MILLRACE_KAFKA_BATCH_SIZE: '20', PATH: '/bin' };
    const args = ['--command-config', file, '--kafka-property', 'linger.ms=100'];
    expect(configOf(args, environment).config).toMatchObject({
      brokers: ['file:9092', 'other:9092'],
      lingerMs: 100,
      batchBytes: 20,
      clientId: 'file',
    });
    expect(configOf([...args, '--brokers', 'flag:9092'], environment).config?.brokers).toEqual(['flag:9092']);
  });

  it('may all be in the environment', () => {
    const { config } = configOf([], {
      MILLRACE_KAFKA_BOOTSTRAP_SERVERS: 'broker:9092',
      MILLRACE_KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      MILLRACE_KAFKA_SASL_MECHANISM: 'PLAIN',
      MILLRACE_KAFKA_SASL_JAAS_CONFIG: 'PlainLoginModule required username="a" password="b=c";',
    });
    expect(config).toMatchObject({ brokers: ['broker:9092'], sasl: { username: 'a' } });
  });

  it('without a broker are a mistake, but none at all mean the embedded log', () => {
    expect(configOf([]).config).toBeUndefined();
    expect(() => configOf(['--kafka-property', 'linger.ms=1'])).toThrow(/no broker: give --brokers/);
  });

  it('that are passed over are told by name', () => {
    const { log } = configOf(['--brokers', 'b:1', '--kafka-property', 'basic.auth.user.info=KEY:hunter2']);
    expect(log).toEqual(['Settings for Kafka that mean nothing here are passed over: basic.auth.user.info.']);
  });

  it('are told in the help, with the ways to give them', () => {
    const help = parseCommandLine(['--help'], '1');
    expect(help.kind === 'print' && help.text).toMatch(
      /--command-config <file>[\s\S]*--kafka-property <name=value>[\s\S]*MILLRACE_KAFKA_SASL_JAAS_CONFIG/,
    );
  });

  it('that are written wrongly on the command line are not repeated there', () => {
    const secret = 'x.PlainLoginModule required password="hunter2";';
    for (const args of [
      ['--kafka-property', 'sasl.jaas.config', secret],
      ['--kafka-property', '--brokers', 'b:1', secret],
    ]) {
      const commandLine = parseCommandLine(args, '1');
      expect(commandLine.kind).toBe('usage-error');
      expect(JSON.stringify(commandLine)).not.toContain('hunter2');
    }
    expect(parseCommandLine(['--kafka-property'], '1')).toMatchObject({
      message: expect.stringContaining('--kafka-property needs a value'),
    });
  });

  it('in a file that is missing are one clear sentence', () => {
    expect(() => configOf(['--brokers', 'b:1', '--command-config', '/none'])).toThrow(
      '--command-config: /none does not exist.',
    );
  });
});
