import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { saslUser } from './sasl-user.js';

/** One node of a KRaft cluster, a broker and controller in one. */
export interface BrokerNode {
  readonly nodeId: number;
  readonly ports: BrokerPorts;
  /** Where a proxy listens: clients that come through it are led back to it, not past it. */
  readonly proxyPort: number | undefined;
}

export interface BrokerPorts {
  readonly plain: number;
  readonly sasl: number;
  readonly proxied: number;
  readonly controller: number;
}

/** A node's `server.properties`; `nodes` are all of its cluster. */
export function serverProperties(
  folder: string,
  { nodeId, ports, proxyPort = ports.proxied }: BrokerNode,
  nodes: readonly BrokerNode[],
): Record<string, string> {
  const direct = `PLAINTEXT://127.0.0.1:${ports.plain},SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`;
  const plainLogin = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${saslUser.username}="${saslUser.password}";`;
  const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    'process.roles': 'broker,controller',
    'node.id': String(nodeId),
    'controller.quorum.voters': nodes
      .map((node) => `${node.nodeId}@127.0.0.1:${node.ports.controller}`)
      .join(','),
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
    'transaction.state.log.num.partitions': '4',
    ...replicationProperties(nodes.length),
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.enable': 'false',
    // Events carry times of their own, years back: they must not expire while a test reads them.
    'log.retention.ms': '-1',
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

/** As people run it: a record that is acknowledged is on two brokers at least, where there are three. */
function replicationProperties(brokers: number): Record<string, string> {
  const factor = String(Math.min(brokers, 3));
  const inSyncMin = brokers > 2 ? '2' : '1';
  return {
    'default.replication.factor': factor,
    'min.insync.replicas': inSyncMin,
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': inSyncMin,
  };
}

/** For so many nodes. */
export async function freePorts(nodes: number): Promise<readonly BrokerPorts[]> {
  const ports = await freePortNumbers(nodes * portsOfNode);
  return Array.from({ length: nodes }, (_, node) => {
    const [plain = 0, sasl = 0, proxied = 0, controller = 0] = ports.slice(node * portsOfNode);
    return { plain, sasl, proxied, controller };
  });
}

/** All at once, so that they differ. */
export async function freePortNumbers(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

/** A listener beside those that every broker has. */
export interface ExtraListener {
  readonly name: string;
  /** Kafka's `security.protocol`. */
  readonly protocol: string;
  /** `host:port`, where it listens and where clients are led to. */
  readonly address: string;
}

/** A node's properties with more listeners. */
export function withListeners(
  properties: Readonly<Record<string, string>>,
  extra: readonly ExtraListener[],
): Record<string, string> {
  const append = (name: string, items: readonly string[]): string => [properties[name], ...items].join(',');
  const addresses = extra.map(({ name, address }) => `${name}://${address}`);
  return {
    ...properties,
    listeners: append('listeners', addresses),
    'advertised.listeners': append('advertised.listeners', addresses),
    'listener.security.protocol.map': append(
      'listener.security.protocol.map',
      extra.map(({ name, protocol }) => `${name}:${protocol}`),
    ),
  };
}

const portsOfNode = 4;
