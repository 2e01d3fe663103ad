import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../../../src/log/kafka/kafka-config.js';
import {
  sealKafkaConfig,
  unsealKafkaConfig,
} from '../../../../src/log/kafka/settings/sealed-kafka-config.js';
import { Secret } from '../../../../src/log/kafka/settings/secret.js';

const config: KafkaConfig = {
  brokers: ['broker:9093'],
  ssl: { trustedCertificates: 'PEM', verifiesHostName: true },
  sasl: { mechanism: 'PLAIN', username: 'alice', password: new Secret('hunter2 "ü"') },
  lingerMs: 0,
};

describe('a secret', () => {
  it('prints as [redacted] wherever a value may be printed', () => {
    const secret = new Secret('hunter2');
    const ways = [
      String(secret),
      `${secret}`,
      `${secret}`.concat(),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: null, showHidden: true }),
      format('%s %o %j', secret, secret, secret),
      new Error('refused', { cause: secret }).stack ?? '',
      inspect(new Error('refused', { cause: secret })),
      Object.values(secret).join(),
    ];
    expect(ways.filter((text) => text.includes('hunter2'))).toEqual([]);
    expect(ways[3]).toBe('{"secret":"[redacted]"}');
    expect(secret.reveal()).toBe('hunter2');
  });

  it('is not in the print of a configuration, sealed or not', () => {
    const sealed = structuredClone(sealKafkaConfig(config));
    for (const value of [config, sealed]) {
      const printed = inspect(value, { depth: null, maxArrayLength: null }) + JSON.stringify(value);
      expect(printed).not.toContain('hunter2');
    }
  });

  it('crosses threads within its configuration', () => {
    const unsealed = unsealKafkaConfig(structuredClone(sealKafkaConfig(config)));
    expect(unsealed.sasl?.mechanism === 'PLAIN' && unsealed.sasl.password.reveal()).toBe('hunter2 "ü"');
    expect({ ...unsealed, sasl: undefined }).toEqual({ ...config, sasl: undefined });
  });
});
