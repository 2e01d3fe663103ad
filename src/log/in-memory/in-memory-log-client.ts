import { ConnectedLogClient } from '../client/connected-log-client.js';
import type { InMemoryLogCluster } from './in-memory-log-cluster.js';
import { SimulatedConnection } from './simulated-connection.js';

/** One process's client of the in-memory log. */
export class InMemoryLogClient extends ConnectedLogClient {
  private readonly simulatedConnection: SimulatedConnection;

  constructor(cluster: InMemoryLogCluster) {
    const connection = new SimulatedConnection(cluster);
    super(connection);
    this.simulatedConnection = connection;
  }

  /**
   * Kills the process: its promises never settle and its callbacks are never called again. What it had sent
   * may be applied or not, also later, within the delays that the faults draw.
   */
  crash(): void {
    this.simulatedConnection.crash();
  }
}
