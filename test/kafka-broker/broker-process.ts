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
  private readonly classPath: string;
  private readonly folder: string;
  private shell: ChildProcess | undefined;
  private processId = 0;

  private constructor(classPath: string, folder: string, port: number) {
    this.classPath = classPath;
    this.folder = folder;
    this.address = `127.0.0.1:${port}`;
  }

  static async format(
    classPath: string,
    folder: string,
    properties: Readonly<Record<string, string>>,
  ): Promise<BrokerProcess> {
    const [port, controllerPort] = await freePorts();
    const all = { ...serverProperties(folder, port, controllerPort), ...properties };
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(folder, 'server.properties'), lines.join(''));
    const clusterId = randomBytes(16).toString('base64url');
    const format = [
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      join(folder, 'server.properties'),
    ];
    await promisify(execFile)('java', ['-XX:TieredStopAtLevel=1', '-cp', classPath, ...format]);
    return new BrokerProcess(classPath, folder, port);
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

function serverProperties(folder: string, port: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.enable': 'false',
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

/** Both at once, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return [ports[0] as number, ports[1] as number];
}
