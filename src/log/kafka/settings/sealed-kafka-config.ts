import type { KafkaConfig } from '../kafka-config.js';
import { Secret } from './secret.js';

/**
 * A configuration on its way to another thread of this process: secrets don't survive `postMessage`, and as
 * plain text they would be in whatever prints a message. Bytes are not read by accident.
 */
export interface SealedKafkaConfig {
  readonly bytes: Uint8Array;
}

export function sealKafkaConfig(config: KafkaConfig): SealedKafkaConfig {
  const json = JSON.stringify(config, function (this: Record<string, unknown>, key, value: unknown) {
    // `value` is what the secret prints as; the holder has the secret itself.
    const raw = this[key];
    return raw instanceof Secret ? { [secretMark]: raw.reveal() } : value;
  });
  return { bytes: new TextEncoder().encode(json) };
}

export function unsealKafkaConfig({ bytes }: SealedKafkaConfig): KafkaConfig {
  return JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) =>
    isMarked(value) ? new Secret(value[secretMark]) : value,
  ) as KafkaConfig;
}

const secretMark = '$secret';

function isMarked(value: unknown): value is { readonly [secretMark]: string } {
  return typeof value === 'object' && value !== null && secretMark in value;
}
