import { answerError } from './answer-error.js';
import type { BrokerAddress } from './kafka-config.js';
import { errorCode } from './protocol/error-codes.js';
import {
  type CoordinatorKind,
  type CoordinatorResponse,
  findCoordinatorRequest,
} from './protocol/find-coordinator.js';
import type { KafkaRequest } from './protocol/kafka-request.js';

export interface Coordinator extends BrokerAddress {
  readonly nodeId: number;
}

/** Which broker coordinates which group and transactional id. Bounded by the ids that a client uses. */
export class CoordinatorDirectory {
  private readonly known = new Map<string, Coordinator>();
  private readonly ask: (request: KafkaRequest<CoordinatorResponse>) => Promise<CoordinatorResponse>;

  constructor(ask: (request: KafkaRequest<CoordinatorResponse>) => Promise<CoordinatorResponse>) {
    this.ask = ask;
  }

  /** @throws RetriableAnswer | LogError, and as `ask` */
  async find(kind: CoordinatorKind, key: string): Promise<Coordinator> {
    const known = this.known.get(`${kind}:${key}`);
    if (known !== undefined) return known;
    const { errorCode: code, nodeId, host, port } = await this.ask(findCoordinatorRequest(kind, key));
    if (code !== errorCode.none) {
      const subject = kind === 'group' ? 'group' : 'transactional id';
      throw answerError(`Finding the coordinator of ${subject} ${key}`, code);
    }
    const coordinator = { nodeId, host, port };
    this.known.set(`${kind}:${key}`, coordinator);
    return coordinator;
  }

  forget(kind: CoordinatorKind, key: string): void {
    this.known.delete(`${kind}:${key}`);
  }
}
