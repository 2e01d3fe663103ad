import {
  type Collector,
  type DataStream,
  defineJob,
  type FunctionContext,
  json,
  type KeyedContext,
  KeyedProcessFunction,
  kafkaSink,
  kafkaSource,
  type ProcessContext,
  ProcessFunction,
  type RuntimeContext,
} from '../../index.js';
import { type LabEvent, labInputTopic, labOutputTopic, subtaskByUserNumber } from './lab-event.js';
import type { PartitioningName, Placement } from './placement.js';

/** Writes down which subtask it is in. */
class NoteSubtask extends ProcessFunction<LabEvent, Placement> {
  private readonly partitioning: PartitioningName;
  private subtask = 0;

  constructor(partitioning: PartitioningName) {
    super();
    this.partitioning = partitioning;
  }

  override open(context: FunctionContext): void {
    this.subtask = context.subtaskIndex;
  }

  override processElement({ id, user }: LabEvent, _context: ProcessContext, out: Collector<Placement>): void {
    out.collect({ partitioning: this.partitioning, id, user, subtask: this.subtask });
  }
}

class NoteSubtaskOfKey extends KeyedProcessFunction<string, LabEvent, Placement> {
  private subtask = 0;

  override open(context: RuntimeContext): void {
    this.subtask = context.subtaskIndex;
  }

  override processElement({ id }: LabEvent, context: KeyedContext<string>, out: Collector<Placement>): void {
    out.collect({ partitioning: 'key-by', id, user: context.currentKey, subtask: this.subtask });
  }
}

/** One stream through every partitioner: what comes where, and how evenly. */
export default defineJob('partitioning-lab', { parallelism: 4 }, (env) => {
  const events = env.fromSource(
    kafkaSource({ topics: labInputTopic, bounded: 'latest', value: json<LabEvent>() }),
    { uid: 'events' },
  );
  const noted = (partitioning: PartitioningName, stream: DataStream<LabEvent>): DataStream<Placement> =>
    stream.process(new NoteSubtask(partitioning), { uid: partitioning });

  noted('forward', events)
    .union(
      noted('rebalance', events.rebalance()),
      noted('rescale', events.rescale()),
      noted('shuffle', events.shuffle()),
      noted('global', events.global()),
      noted('broadcast', events.broadcast()),
      noted(
        'custom',
        events.partitionCustom('by-user-number', ({ user }, subtasks) => subtaskByUserNumber(user, subtasks)),
      ),
      events.keyBy(({ user }) => user).process(new NoteSubtaskOfKey(), { uid: 'key-by' }),
    )
    .sinkTo(
      kafkaSink<Placement>({
        topic: labOutputTopic,
        deliveryGuarantee: 'exactly-once',
        transactionalIdPrefix: 'partitioning-lab',
        value: json(),
      }),
      { uid: 'placements' },
    );
});
