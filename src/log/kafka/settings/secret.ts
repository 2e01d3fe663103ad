/**
 * A password, a key or a token: it prints as `[redacted]` wherever a value may be printed (logs, errors, JSON,
 * `inspect`), so that only a call of `reveal` can let it out.
 *
 * It does not survive `postMessage`; `sealed-kafka-config.ts` takes it across threads.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that sends it to where it belongs. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}

const redacted = '[redacted]';
