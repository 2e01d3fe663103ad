import { json, kafkaSource, type Source, type ValueCodec } from 'millrace';

/** What the benchmarks' jobs read of an event. */
export interface PricedEvent {
  readonly user_id: string;
  readonly timestamp: number;
  readonly parameters: { readonly custom_params: { readonly price?: number } };
}

/** Decodes nothing else of an event. */
export const pricedEventFields: ValueCodec<PricedEvent> = json<PricedEvent>({
  fields: { user_id: 'string', timestamp: 'number', 'parameters.custom_params.price': 'number' },
});

/** The topic that the benchmark has filled, from its beginning to where it ends now. */
export function pricedEvents(value: ValueCodec<PricedEvent>): Source<PricedEvent> {
  return kafkaSource({
    topics: process.env['MILLRACE_BENCH_TOPIC'] ?? 'user-tracking-events',
    startingOffsets: 'earliest',
    bounded: 'latest',
    value,
  });
}
