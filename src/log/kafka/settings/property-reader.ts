import { mistakesOf } from '../../../api/read-options.js';
import { MillraceError } from '../../../protocol/failures.js';
import { Secret } from './secret.js';

/** A setting under Kafka's name, as somebody gave it. */
export interface GivenProperty {
  readonly value: string;
  /** Where it was given, for errors: `the file client.properties`. */
  readonly origin: string;
}

export type GivenProperties = ReadonlyMap<string, GivenProperty>;

/**
 * Reads settings by name, and collects what is wrong with them instead of ending at the first. A setting that
 * is read is known; `unread` are the others.
 */
export class PropertyReader {
  readonly mistakes: string[] = [];
  private readonly properties: GivenProperties;
  private readonly known = new Set<string>();

  constructor(properties: GivenProperties) {
    this.properties = properties;
  }

  has(name: string): boolean {
    return this.properties.has(name);
  }

  get names(): readonly string[] {
    return [...this.properties.keys()];
  }

  get unread(): readonly string[] {
    return this.names.filter((name) => !this.known.has(name));
  }

  /** Undefined where it was not given, or not well. */
  text(name: string): string | undefined {
    this.known.add(name);
    const value = this.properties.get(name)?.value.trim();
    if (value !== '') return value;
    this.mistake(name, 'is empty');
    return undefined;
  }

  /** Whether it was given, but without a value. */
  isEmpty(name: string): boolean {
    this.known.add(name);
    return this.properties.get(name)?.value.trim() === '';
  }

  secret(name: string): Secret | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : new Secret(text);
  }

  wholeNumber(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    this.mistake(name, `is "${text}": give a whole number from ${min} to ${max}`);
    return undefined;
  }

  /** In any case; gives the spelling of `allowed`. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = allowed.find((each) => each.toLowerCase() === text.toLowerCase());
    if (found === undefined) this.mistake(name, `is "${text}": give ${allowed.join(', ')}`);
    return found;
  }

  /** Separated by commas, in the order of `allowed`. */
  listOf<T extends string>(name: string, allowed: readonly T[]): readonly T[] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const given = new Set(text.split(',').map((item) => item.trim()));
    const found = allowed.filter((each) => given.has(each));
    if (found.length === given.size) return found;
    this.mistake(name, `is "${text}": give some of ${allowed.join(', ')}`);
    return undefined;
  }

  /** Notes all that begin so as a mistake, and as read. `why` goes on from the first one's name. */
  refuseAll(prefix: string, why: string): void {
    const [first, ...others] = this.unread.filter((name) => name.startsWith(prefix));
    if (first === undefined) return;
    for (const name of [first, ...others]) this.known.add(name);
    this.mistake(first, others.length === 0 ? why : `${why} (and so for ${others.join(', ')})`);
  }

  /** An option of ours beside the settings. Undefined where reading it throws, which is noted as a mistake. */
  option<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.mistakes.push(...mistakesOf(error));
      return undefined;
    }
  }

  /** What an option of ours and a setting of Kafka's say of the same thing; one of them is enough. */
  agreed<T extends string | number>(
    name: string,
    ofSetting: T | undefined,
    option: string,
    ofOption: T | undefined,
  ): T | undefined {
    if (ofSetting !== undefined && ofOption !== undefined && ofSetting !== ofOption) {
      // In Kafka's words, which may not be ours.
      const given = this.properties.get(name)?.value.trim();
      this.mistake(name, `is ${given}, but the option ${option} says ${ofOption}: give one of the two`);
    }
    return ofOption ?? ofSetting;
  }

  /** `what` goes on from the setting's name, and never quotes a secret. */
  mistake(name: string, what: string): void {
    const origin = this.properties.get(name)?.origin;
    this.mistakes.push(origin === undefined ? `${name} ${what}` : `${name} (${origin}) ${what}`);
  }
}
