import { describe, expect, it } from 'vitest';
import { deadLetterSink } from '../../src/api/dead-letter-sink.js';
import { readOptions, WrongOptions, wrongOption } from '../../src/api/read-options.js';

const wrong = (what: string) => (): never => {
  throw wrongOption('sink', what);
};

describe('Options that are read together', () => {
  it('give what each of their readers does', () => {
    const options = readOptions('kafkaSink', { one: () => 1, two: () => 'two', none: () => undefined });
    expect(options).toEqual({ one: 1, two: 'two', none: undefined });
  });

  it('keep the words of a single mistake', () => {
    const read = () => readOptions('kafkaSink', { one: wrong('one is wrong.'), two: () => 2 });
    expect(read).toThrow(/^A sink's option one is wrong\.$/);
  });

  it('tell of several in one list, those of options within options among them', () => {
    const read = () =>
      readOptions('kafkaSink', {
        one: wrong('one is wrong.'),
        inner: () =>
          readOptions('kafkaSink', { two: wrong('two is wrong.'), three: wrong('three is wrong.') }),
      });
    expect(read).toThrow(WrongOptions);
    expect(read).toThrow(
      "The options of a kafkaSink are wrong:\n- A sink's option one is wrong.\n- A sink's option two is wrong.\n- A sink's option three is wrong.",
    );
  });

  it('hide no defect among the mistakes', () => {
    const defect = (): never => {
      throw new TypeError('undefined is not a function');
    };
    expect(() => readOptions('kafkaSink', { one: wrong('one is wrong.'), defect })).toThrow(TypeError);
  });

  it('are named as the source’s where they are those of its dead letters', () => {
    const options = { deadLetter: 'aside', deliveryGuarantee: 'exactly-once', compressoin: 'zstd' };
    expect(() => deadLetterSink(options as never)).toThrow(
      /^A source's option onUndecodable is wrong\. [\s\S]*kafkaSink\.compressoin[\s\S]*transactionalIdPrefix is missing/,
    );
  });
});
