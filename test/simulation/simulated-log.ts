import type { LogRequest } from '../../src/log/client/log-requests.js';
import { InMemoryLogClient } from '../../src/log/in-memory/in-memory-log-client.js';
import { InMemoryLogCluster } from '../../src/log/in-memory/in-memory-log-cluster.js';
import {
  type InMemoryLogFaults,
  RandomLogFaults,
  type RequestFate,
} from '../../src/log/in-memory/in-memory-log-faults.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedWorld } from './simulated-world.js';

/**
 * The log that outlives all processes, and what the network does to their requests. A request that a dead
 * process had sent may still arrive, with one limit: Kafka lets an initialisation abort the ongoing
 * transaction of its id whatever epoch it carries, so none of them is so late that its sender's successor
 * has begun to write. Nobody who runs on Kafka is safe from that.
 */
export class SimulatedLog implements InMemoryLogFaults {
  readonly cluster: InMemoryLogCluster;
  private readonly world: SimulatedWorld;
  private readonly calm: RandomLogFaults;
  private readonly rough: RandomLogFaults;
  private readonly processes = new Map<string, SimulatedProcess>();
  /** Of those who fill the input: nothing of theirs fails. */
  private readonly calmClients = new Set<string>();
  private clientCount = 0;

  constructor(world: SimulatedWorld) {
    this.world = world;
    const random = world.random.fork();
    this.calm = new RandomLogFaults(random);
    this.rough = new RandomLogFaults(random, world.scenario.faults.log);
    this.cluster = new InMemoryLogCluster({ clock: world.clock, random, faults: this });
  }

  /** A process's client; it goes down with the process. */
  openClient(process: SimulatedProcess): InMemoryLogClient {
    const client = new InMemoryLogClient(this.cluster);
    this.processes.set(this.nextClientName(), process);
    process.onDeath(() => client.crash());
    return client;
  }

  /** For whoever is no part of what is tested. */
  openCalmClient(): InMemoryLogClient {
    const client = new InMemoryLogClient(this.cluster);
    this.calmClients.add(this.nextClientName());
    return client;
  }

  fateOf(request: LogRequest, client: string): RequestFate {
    if (this.calmClients.has(client)) return this.calm.fateOf(request);
    const process = this.processes.get(client);
    if (process === undefined) throw new Error(`${client} was not opened by this log.`);
    let fate: RequestFate = { kind: 'request-lost', noticedAfterMs: 0 };
    if (isFetch(request)) return this.ratesNow.fateOf(request);
    process.perform(`log ${describe(request)}`, () => {
      this.world.invariants.onLogRequest(request, process.name);
      fate = (request.kind === 'begin-transaction' ? this.calm : this.ratesNow).fateOf(request);
    });
    return fate;
  }

  arrivesAfterCrash(): boolean {
    return this.rough.arrivesAfterCrash();
  }

  markerDelayMs(): number {
    return this.ratesNow.markerDelayMs();
  }

  /** The cluster names its clients in this way, in the order in which they are made. */
  private nextClientName(): string {
    this.clientCount += 1;
    return `client-${this.clientCount}`;
  }

  private get ratesNow(): RandomLogFaults {
    return this.world.faults.isHealed ? this.calm : this.rough;
  }
}

/** Fetches repeat by themselves for as long as a reader lives, and change nothing: they are no effects. */
function isFetch(request: LogRequest): boolean {
  return request.kind === 'fetch' || request.kind === 'close-reader';
}

function describe(request: LogRequest): string {
  switch (request.kind) {
    case 'begin-transaction':
      return `${request.kind} ${request.transactionalId}`;
    case 'prepare-transaction':
      return `${request.kind} ${request.transaction.transactionalId}`;
    case 'end-transaction':
      return `${request.kind} ${request.outcome} ${request.transaction.transactionalId}`;
    case 'append':
      return `${request.kind} ${request.transaction?.transactionalId ?? ''}`;
    default:
      return request.kind;
  }
}
