import { MillraceError } from '../protocol/failures.js';
import { GeneratedSourceReader } from './generated-source-reader.js';
import { generatedSplit } from './generated-split.js';
import type { Generation } from './generation.js';
import type { Source, SourceReader, SourceReaderContext, SourceSplit } from './source.js';

/** More than the cores of most machines, and few enough to cost nothing in a checkpoint. */
export const defaultSplitCount = 8;

/** A source that computes its elements: no input outside, hence nothing to wait for or to commit. */
export class GeneratedSource<T> implements Source<T> {
  readonly kind: string;
  readonly description: string;
  readonly boundedness: 'bounded' | 'continuous';
  /** An element is always there to be emitted, so no split is ever caught up. */
  readonly idleTimeoutMs = undefined;
  private readonly generation: Generation<T>;

  constructor(generation: Generation<T>) {
    assertRate(generation.ratePerSecond);
    this.kind = generation.kind;
    this.description = generation.description;
    this.boundedness = generation.boundedness;
    this.generation = generation;
  }

  async discoverSplits(): Promise<readonly SourceSplit[]> {
    return Array.from({ length: this.generation.splitCount }, (_, index) => generatedSplit(index, 0));
  }

  describePlace({ index }: SourceSplit): string {
    return `${this.kind}, split ${index}, element`;
  }

  createReader(context: SourceReaderContext<T>): SourceReader {
    return new GeneratedSourceReader(this.generation, context);
  }
}

function assertRate(ratePerSecond: number | undefined): void {
  if (ratePerSecond === undefined || (ratePerSecond > 0 && Number.isFinite(ratePerSecond))) return;
  throw new MillraceError(
    `A source's option ratePerSecond is ${ratePerSecond}: give a number above 0, or leave it out for no limit.`,
    { domain: 'user-code', action: 'fail-job' },
  );
}
