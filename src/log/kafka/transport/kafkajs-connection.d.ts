/** The part of kafkajs 2.2.4's connection that the adapter uses; kafkajs has no types for it. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';

  export interface ConnectionOptions {
    readonly host: string;
    readonly port: number;
    readonly ssl: object | null;
    readonly sasl: object | null;
    readonly clientId: string;
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly logger: Logger;
    readonly socketFactory: SocketFactory;
  }

  export interface Logger {
    namespace(name: string): Logger;
    error(message: string): void;
    warn(message: string): void;
    info(message: string): void;
    debug(message: string): void;
  }

  export type SocketFactory = (options: {
    readonly host: string;
    readonly port: number;
    readonly ssl: object | null;
    readonly onConnect: () => void;
  }) => Socket;

  export interface RequestQueue {
    readonly pending: readonly unknown[];
    push(request: {
      readonly entry: {
        readonly apiKey: number;
        readonly apiName: string;
        readonly apiVersion: number;
        readonly correlationId: number;
        readonly resolve: (answer: { readonly payload: Buffer }) => void;
        readonly reject: (error: unknown) => void;
      };
      readonly expectResponse: boolean;
      readonly requestTimeout: number | null;
      readonly sendRequest: () => void;
    }): void;
    rejectAll(error: Error): void;
    scheduleCheckPendingRequests(): void;
  }

  export default class Connection {
    constructor(options: ConnectionOptions);
    readonly requestQueue: RequestQueue;
    /** What it has received and not yet taken apart. */
    chunks: Buffer[];
    /** Takes what the socket received. */
    processData(received: Buffer): void;
    /** Of the newest authentication, in ms; 0 without an end. */
    readonly sessionLifetime: { toNumber(): number };
    /** So many ms before a session's end it counts as not authenticated. */
    reauthenticationThreshold: number;
    connect(): Promise<true>;
    disconnect(): Promise<true>;
    authenticate(): Promise<void>;
    isConnected(): boolean;
    isAuthenticated(): boolean;
    nextCorrelationId(): number;
    setVersions(versions: object): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
  }
}

/** The client's part of each mechanism. */
declare module 'kafkajs/src/broker/saslAuthenticator/scram256.js' {
  /** One step: a message to the broker, and what came back, both with their size in front. */
  export interface SaslStep<Answer> {
    readonly request: { readonly encode: () => Promise<Buffer> };
    readonly response: {
      readonly decode: (answer: Buffer) => Promise<Answer>;
      readonly parse: (answer: Answer) => Promise<Answer>;
    };
  }

  export type AuthenticationProvider = (connection: {
    readonly host: string;
    readonly port: number;
    readonly saslAuthenticate: <Answer>(step: SaslStep<Answer>) => Promise<Answer>;
  }) => { readonly authenticate: () => Promise<void> };

  export default function mechanism(credentials: {
    readonly username: string;
    readonly password: string;
  }): AuthenticationProvider;
}

declare module 'kafkajs/src/broker/saslAuthenticator/plain.js' {
  export { default } from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
}

declare module 'kafkajs/src/broker/saslAuthenticator/scram512.js' {
  export { default } from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
}
