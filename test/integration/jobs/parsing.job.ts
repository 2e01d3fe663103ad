import { defineJob, discardSink, json, kafkaSource } from 'millrace';

/** Reads a topic to its end as JSON. */
export default defineJob('parsing', (env) => {
  env
    .fromSource(kafkaSource({ topics: 'texts', value: json<unknown>(), bounded: 'latest' }), { uid: 'texts' })
    .sinkTo(discardSink(), { uid: 'nowhere' });
});
