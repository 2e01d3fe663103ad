import { collectSink, dataGenSource, defineJob, Watermarks } from 'millrace';

/** A slow source and a fast one over the same 100 s of event time, which wait for each other. */
export default defineJob('alignment', (env) => {
  const aligned = Watermarks.monotonous<{ readonly at: number }>((element) => element.at);
  const slow = env.fromSource(
    dataGenSource({
      generate: (index) => ({ source: 'slow', at: index * 1_000 }),
      count: 100,
      ratePerSecond: 100,
      splits: 1,
    }),
    { uid: 'slow', watermarks: aligned.withWatermarkAlignment('group', '5s', '20ms') },
  );
  const fast = env.fromSource(
    dataGenSource({ generate: (index) => ({ source: 'fast', at: index * 10 }), count: 10_000, splits: 1 }),
    { uid: 'fast', watermarks: aligned.withWatermarkAlignment('group', '5s', '20ms') },
  );
  slow.union(fast).sinkTo(collectSink(), { uid: 'collect' });
});
