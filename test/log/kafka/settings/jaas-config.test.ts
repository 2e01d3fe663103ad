import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJaasConfig } from '../../../../src/log/kafka/settings/jaas-config.js';

function optionsOf(text: string): Record<string, string> | undefined {
  const jaas = parseJaasConfig(text);
  return jaas && Object.fromEntries([...jaas.options].map(([name, value]) => [name, value.reveal()]));
}

describe('sasl.jaas.config', () => {
  it('is read as Confluent Cloud hands it out', () => {
    const text =
      "org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='SE/CR+ET==';";
    expect(parseJaasConfig(text)?.loginModule).toBe('PlainLoginModule');
    expect(optionsOf(text)).toEqual({ username: 'KEY', password: 'SE/CR+ET==' });
  });

  it('takes both kinds of quotes, bare values, other spaces, and separators within quotes', () => {
    expect(optionsOf(`a.B  REQUIRED\n user = "x; y='z'"\tscope='a "b" =' serviceName=kafka ;`)).toEqual({
      user: "x; y='z'",
      scope: 'a "b" =',
      serviceName: 'kafka',
    });
  });

  it('gives every password back that was written with escapes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', "'"), (password, quote) => {
        const escaped = password.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
        expect(optionsOf(`M required password=${quote}${escaped}${quote};`)).toEqual({ password });
      }),
    );
  });

  it.each([
    ['', 'nothing'],
    ['PlainLoginModule required username="a" password="b"', 'no semicolon'],
    ['PlainLoginModule required username="a password="b";', 'an open quote'],
    ['PlainLoginModule username="a" password="b";', 'no flag'],
    ['PlainLoginModule required username "a";', 'no equals sign'],
    ['PlainLoginModule required username=;', 'no value'],
  ])('is refused as %j: %s', (text) => {
    expect(parseJaasConfig(text)).toBeUndefined();
  });
});
