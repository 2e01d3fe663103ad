import type { Partitioner } from '../index.js';

/**
 * The partition that was sent the fewest bytes lately, for records of very different sizes whose order does
 * not matter. What was sent long ago counts less and less, so that a partition that was busy once is not
 * avoided for ever.
 */
export function loadAwarePartitioner<T>(recordsUntilHalved = 10_000): Partitioner<T> {
  const loads = new Map<string, number[]>();
  let records = 0;
  return {
    name: 'load-aware',

    open() {
      loads.clear();
    },

    partition(_record, key, value, topic, partitions) {
      let load = loads.get(topic);
      if (load === undefined) {
        load = [];
        loads.set(topic, load);
      }
      // A topic may gain partitions.
      while (load.length < partitions.length) load.push(0);
      records += 1;
      if (records % recordsUntilHalved === 0) for (const [i, bytes] of load.entries()) load[i] = bytes / 2;
      const lightest = load.indexOf(Math.min(...load));
      load[lightest]! += recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
      return partitions[lightest]!;
    },
  };
}

/** What a record costs beside its key and value, so that empty ones are spread, too. */
const recordOverheadBytes = 20;
