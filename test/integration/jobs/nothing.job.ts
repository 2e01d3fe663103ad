import { collectionSource, defineJob, discardSink } from 'millrace';

/** The smallest job that there is. */
export default defineJob('nothing', (env) => {
  env.fromSource(collectionSource<number>([]), { uid: 'none' }).sinkTo(discardSink(), { uid: 'nowhere' });
});
