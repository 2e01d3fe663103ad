import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';

const startTimeoutMs = 60_000;

/** The broker's JVM, over a formatted data folder that outlives it. */
export class BrokerProcess {
  readonly address: string;
  /** Of the listener that wants credentials. */
  readonly saslAddress: string;
  /** Of the listener for a proxy. */
  readonly proxiedAddress: string;
  private readonly classPath: string;
  private readonly folder: string;
  private shell: ChildProcess | undefined;
  private processId = 0;

  private constructor(classPath: string, folder: string, ports: BrokerPorts) {
    this.classPath = classPath;
    this.folder = folder;
    this.address = `127.0.0.1:${ports.plain}`;
    this.saslAddress = `127.0.0.1:${ports.sasl}`;
    this.proxiedAddress = `127.0.0.1:${ports.proxied}`;
  }

  static async format(
    classPath: string,
    folder: string,
    options: KafkaBrokerOptions,
  ): Promise<BrokerProcess> {
    const ports = await freePorts();
    const all = { ...serverProperties(folder, ports, options.proxyPort), ...options.properties };
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(folder, 'server.properties'), lines.join(''));
    const idBytes = randomBytes(16);
    // The first of its 22 characters must be a letter: the tool takes one that begins with "-" for an option.
    idBytes[0] = idBytes.readUInt8(0) & 0x1f;
    const clusterId = idBytes.toString('base64url');
    const scram = `SCRAM-SHA-256=[name=${saslUser.username},password=${saslUser.password}]`;
    const format = ['format', '-t', clusterId, '-c', join(folder, 'server.properties'), '--add-scram', scram];
    await promisify(execFile)('java', [
      '-XX:TieredStopAtLevel=1',
      '-cp',
      classPath,
      'kafka.tools.StorageTool',
      ...format,
    ]);
    return new BrokerProcess(classPath, folder, ports);
  }

  /**
   * The JVM hangs on a shell that waits for the end of its input: however this process ends, its pipe
   * closes and the broker goes too.
   */
  async start(): Promise<void> {
    const script =
      '"$@" >"$LOG" 2>&1 & broker=$!; echo $broker; cat >/dev/null; kill -9 $broker; wait $broker';
    const java = ['java', '-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-cp', this.classPath];
    const shell = spawn(
      'sh',
      ['-c', script, 'sh', ...java, 'kafka.Kafka', join(this.folder, 'server.properties')],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { ...process.env, LOG: join(this.folder, 'server.log') },
      },
    );
    this.shell = shell;
    const [line] = (await once(createInterface(shell.stdout), 'line')) as [string];
    this.processId = Number(line);
    await this.untilReady();
  }

  async kill(): Promise<void> {
    const shell = this.shell;
    if (shell === undefined) return;
    this.shell = undefined;
    const exited = once(shell, 'exit');
    shell.stdin?.end();
    await exited;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.shell === undefined) throw new Error('The broker is not running.');
    process.kill(this.processId, signal);
  }

  private async untilReady(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      const kafka = new Kafka({ brokers: [this.address], logLevel: logLevel.NOTHING, retry: { retries: 0 } });
      const admin = kafka.admin();
      try {
        await admin.connect();
        const { brokers } = await admin.describeCluster();
        if (brokers.length > 0) return;
      } catch (error) {
        if (Date.now() > deadline) {
          throw new Error(`Kafka did not start; its output is in ${join(this.folder, 'server.log')}.`, {
            cause: error,
          });
        }
      } finally {
        await admin.disconnect().catch(() => {});
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Known to the SASL listener, for PLAIN and SCRAM-SHA-256. */
export const saslUser = { username: 'alice', password: 'alice-secret' } as const;

export interface KafkaBrokerOptions {
  /** Lines for `server.properties`, over the defaults. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Where a proxy listens: clients that come through it are led back to it, not past it. */
  readonly proxyPort?: number;
}

interface BrokerPorts {
  readonly plain: number;
  readonly sasl: number;
  readonly proxied: number;
  readonly controller: number;
}

function serverProperties(
  folder: string,
  ports: BrokerPorts,
  proxyPort: number = ports.proxied,
): Record<string, string> {
  const direct = `PLAINTEXT://127.0.0.1:${ports.plain},SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`;
  const plainLogin = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${saslUser.username}="${saslUser.password}";`;
  const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `${direct},PROXIED://127.0.0.1:${ports.proxied},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `${direct},PROXIED://127.0.0.1:${proxyPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': plainLogin,
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config': scramLogin,
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.enable': 'false',
    // Events carry times of their own, years back: they must not expire while a test reads them.
    'log.retention.ms': '-1',
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

/** All at once, so that they differ. */
async function freePorts(): Promise<BrokerPorts> {
  const servers = Array.from({ length: 4 }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  const [plain = 0, sasl = 0, proxied = 0, controller = 0] = ports;
  return { plain, sasl, proxied, controller };
}
