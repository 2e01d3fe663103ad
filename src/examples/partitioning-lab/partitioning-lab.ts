import { fileURLToPath } from 'node:url';
import type { Example } from '../example.js';
import { labInputTopic, labOutputTopic, labPartitions, labRecords } from './lab-event.js';
import { labMistakes } from './lab-oracle.js';
import { labReport } from './lab-report.js';
import type { Placement } from './placement.js';

export const partitioningLab: Example = {
  about: 'one stream through each partitioner: distribution, skew, and who owns which key group',
  jobFile: fileURLToPath(new URL('./partitioning-lab.job.js', import.meta.url)),
  inputs: [{ topic: labInputTopic, partitions: labPartitions, records: labRecords }],
  output: { topic: labOutputTopic, partitions: labPartitions },
  check(written, run) {
    const placements = written as readonly Placement[];
    const mistakes = labMistakes(placements, run);
    const verdict =
      mistakes.length === 0
        ? 'check        OK: every event is where it should be'
        : `check        ${mistakes.join('\n             ')}`;
    return { text: `${labReport(placements, run)}\n${verdict}`, isRight: mistakes.length === 0 };
  },
};
