import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import {
  type BrokerNode,
  type ExtraListener,
  freePorts,
  serverProperties,
  withListeners,
} from './broker-properties.js';
import { saslUser } from './sasl-user.js';

/** A JVM is up in three seconds; several on a busy machine take many times that. */
const startTimeoutMs = 150_000;

/** The broker's JVM, over a formatted data folder that outlives it. */
export class BrokerProcess {
  readonly nodeId: number;
  readonly address: string;
  /** Of the listener that wants credentials. */
  readonly saslAddress: string;
  /** Of the listener for a proxy. */
  readonly proxiedAddress: string;
  private readonly classPath: string;
  private readonly jvmOptions: readonly string[];
  private readonly folder: string;
  private shell: ChildProcess | undefined;
  private processId = 0;

  private constructor(
    classPath: string,
    folder: string,
    { nodeId, ports }: BrokerNode,
    jvmOptions: readonly string[],
  ) {
    this.nodeId = nodeId;
    this.classPath = classPath;
    this.jvmOptions = jvmOptions;
    this.folder = folder;
    this.address = `127.0.0.1:${ports.plain}`;
    this.saslAddress = `127.0.0.1:${ports.sasl}`;
    this.proxiedAddress = `127.0.0.1:${ports.proxied}`;
  }

  /** Nodes of one cluster, a data folder below `folder` for each; `proxyPorts`, where there are any, in their order. */
  static async format(
    classPath: string,
    folder: string,
    { nodes: count = 1, proxyPorts = [], properties = {}, listeners = [], jvmOptions = [] }: BrokerOptions,
  ): Promise<readonly BrokerProcess[]> {
    const ports = await freePorts(count);
    const nodes = ports.map((ofNode, i) => ({ nodeId: i + 1, ports: ofNode, proxyPort: proxyPorts[i] }));
    const idBytes = randomBytes(16);
    // The first of its 22 characters must be a letter: the tool takes one that begins with "-" for an option.
    idBytes[0] = idBytes.readUInt8(0) & 0x1f;
    const clusterId = idBytes.toString('base64url');
    return Promise.all(
      nodes.map(async (node) => {
        const ofNode = join(folder, `node-${node.nodeId}`);
        await mkdir(ofNode);
        await formatNode(classPath, ofNode, clusterId, {
          ...withListeners(serverProperties(ofNode, node, nodes), listeners),
          ...properties,
        });
        return new BrokerProcess(classPath, ofNode, node, jvmOptions);
      }),
    );
  }

  /**
   * The JVM hangs on a shell that waits for the end of its input: however this process ends, its pipe
   * closes and the broker goes too.
   */
  async start(): Promise<void> {
    const script =
      '"$@" >"$LOG" 2>&1 & broker=$!; echo $broker; cat >/dev/null; kill -9 $broker; wait $broker';
    const java = [
      'java',
      '-Xmx512m',
      '-Xms128m',
      '-XX:+UseSerialGC',
      ...this.jvmOptions,
      '-cp',
      this.classPath,
    ];
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

export interface BrokerOptions {
  /** One by default. */
  readonly nodes?: number;
  /** Where a proxy listens for each node: clients that come through it are led back to it, not past it. */
  readonly proxyPorts?: readonly number[];
  /** Lines for `server.properties`, over the defaults. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly jvmOptions?: readonly string[];
  /** For one node. */
  readonly listeners?: readonly ExtraListener[];
}

async function formatNode(
  classPath: string,
  folder: string,
  clusterId: string,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const file = join(folder, 'server.properties');
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''));
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${saslUser.username},password=${saslUser.password}]`,
  ]);
  const format = ['format', '-t', clusterId, '-c', file, ...scram];
  await promisify(execFile)('java', [
    '-XX:TieredStopAtLevel=1',
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    ...format,
  ]);
}
