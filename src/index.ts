/** What a job's author imports from `'millrace'`. Everything else may change from one version to the next. */

export type { AggregateFunction, ReduceFunction } from './api/aggregate-function.js';
export {
  type AsyncContext,
  AsyncFunction,
  type AsyncFunctionContext,
  type AsyncInvoke,
  type AsyncOptions,
} from './api/async-function.js';
export {
  AsyncRetryStrategies,
  type AsyncRetryStrategy,
  type ExponentialBackoffOptions,
  type FixedDelayOptions,
} from './api/async-retry-strategies.js';
export {
  type BroadcastContext,
  BroadcastProcessFunction,
  type KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  type KeyedState,
  type KeyedStateFunction,
  type ReadOnlyBroadcastStates,
} from './api/broadcast-functions.js';
export type {
  BroadcastConnectedStream,
  BroadcastStream,
  KeyedBroadcastConnectedStream,
} from './api/broadcast-stream.js';
export {
  type CoFlatMapFunction,
  type CoMapFunction,
  CoProcessFunction,
  KeyedCoProcessFunction,
} from './api/co-functions.js';
export type { ConnectedStreams, KeyedConnectedStreams } from './api/connected-streams.js';
export type { DataStream } from './api/data-stream.js';
export type { DeepReadonly } from './api/deep-readonly.js';
export type { Duration } from './api/duration.js';
export type { SourceOptions, StreamExecutionEnvironment } from './api/environment.js';
export {
  type CheckpointedFunction,
  type Collector,
  type FilterFunction,
  type FlatMapFunction,
  type FunctionContext,
  type KeyedContext,
  KeyedProcessFunction,
  type KeySelector,
  type MapFunction,
  type OnTimerContext,
  type OperatorRuntimeContext,
  type OperatorStateDescriptor,
  type ProcessContext,
  ProcessFunction,
  type RuntimeContext,
  type TimeDomain,
  type TimerService,
} from './api/functions.js';
export type { IntervalJoin, IntervalJoined } from './api/interval-join.js';
export { defineJob, type JobDefinition } from './api/job.js';
export type { CheckpointingOptions, JobOptions, RestartStrategyOptions } from './api/job-options.js';
export {
  type KeyedAsyncContext,
  KeyedAsyncProcessFunction,
  type KeyedAsyncRuntimeContext,
} from './api/keyed-async-process-function.js';
export type { KeyedStream } from './api/keyed-stream.js';
export type { OperatorOptions } from './api/operator-options.js';
export { OutputTag } from './api/output-tag.js';
export { type JoinContext, ProcessJoinFunction } from './api/process-join-function.js';
export {
  type ProcessWindowContext,
  ProcessWindowFunction,
  type WindowStateStore,
} from './api/process-window-function.js';
export type { WatermarkGenerator, WatermarkOutput } from './api/watermark-generator.js';
export { type TimestampAssigner, type WatermarkStrategy, Watermarks } from './api/watermarks.js';
export type {
  CoGroupedStreams,
  CoGroupedWindows,
  CoGroupFunction,
  JoinedStreams,
  JoinedWindows,
  JoinFunction,
  TaggedUnion,
} from './api/windowed-join.js';
export type { WindowedStream } from './api/windowed-stream.js';
export type { LookupCache, LookupCacheOptions, LookupKey } from './async-io/lookup-cache.js';
export { bytes } from './codecs/bytes.js';
export { type JsonOptions, json } from './codecs/json.js';
export type { JsonFields, JsonFieldType } from './codecs/json-fields.js';
export { msgpack } from './codecs/msgpack.js';
export { nullable } from './codecs/nullable.js';
export { string } from './codecs/string.js';
export { validated } from './codecs/validated.js';
export type { ValueCodec } from './codecs/value-codec.js';
export type { Key } from './key-groups/key.js';
export type { KafkaSinkProperties, KafkaSourceProperties } from './log/kafka/settings/operator-properties.js';
export type { Compression, Isolation, RecordHeader } from './log/log-port.js';
export type { OffsetResetStrategy } from './log/position-reset.js';
export { MillraceError } from './protocol/failures.js';
export { MAX_WATERMARK, MIN_WATERMARK } from './protocol/stream-elements.js';
export type { ProducerRecord, RecordBuilder } from './sinks/built-record-encoder.js';
export { collectSink } from './sinks/collect-sink.js';
export { discardSink } from './sinks/discard-sink.js';
export { type FileSinkOptions, fileSink } from './sinks/files/file-sink.js';
export type { RollingPolicyOptions } from './sinks/files/rolling-policy.js';
export { type LogSinkOptions as KafkaSinkOptions, logSink as kafkaSink } from './sinks/log-sink.js';
export {
  fixedPartitioner,
  keyHashPartitioner,
  type Partitioner,
  roundRobinPartitioner,
} from './sinks/partitioner.js';
export { type PrintSinkOptions, printSink } from './sinks/print-sink.js';
export type { ProducerHeader } from './sinks/record-encoder.js';
export type { Sink } from './sinks/sink.js';
export { type WebhookSinkOptions, webhookSink } from './sinks/webhook/webhook-sink.js';
export { collectionSource } from './sources/collection-source.js';
export type { ConsumerRecord, RecordDeserializer } from './sources/consumer-record.js';
export { type DataGenSourceOptions, dataGenSource } from './sources/data-gen-source.js';
export type { DeadLetterOptions } from './sources/dead-letter.js';
export { type FileSourceOptions, fileSource } from './sources/files/file-source.js';
export {
  type DeserializedLogSourceOptions as DeserializedKafkaSourceOptions,
  type KeyedLogSourceOptions as KeyedKafkaSourceOptions,
  type LogSourceOptions as KafkaSourceOptions,
  logSource as kafkaSource,
} from './sources/log-source.js';
export type { BoundedAt, StartingOffsets } from './sources/offset-options.js';
export type { KeyedRecord } from './sources/record-decoder.js';
export { sequenceSource } from './sources/sequence-source.js';
export type { Source } from './sources/source.js';
export type { PinnedPartition } from './sources/topic-selection.js';
export type { AggregatingState, AggregatingStateDescriptor } from './state/aggregating-state.js';
export type { BroadcastState, ReadOnlyBroadcastState } from './state/broadcast-state.js';
export type { ReducingState, ReducingStateDescriptor } from './state/reducing-state.js';
export type {
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from './state/state-descriptors.js';
export type { StateTtlConfig, StateTtlUpdateType, StateTtlVisibility } from './state/ttl/state-ttl-config.js';
export { GlobalWindows } from './windows/assigners/global-windows.js';
export {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
} from './windows/assigners/session-windows.js';
export {
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
} from './windows/assigners/sliding-windows.js';
export {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from './windows/assigners/tumbling-windows.js';
export { type OnMergeContext, Trigger, type TriggerContext, type TriggerResult } from './windows/trigger.js';
export { ContinuousEventTimeTrigger } from './windows/triggers/continuous-event-time-trigger.js';
export { ContinuousProcessingTimeTrigger } from './windows/triggers/continuous-processing-time-trigger.js';
export { CountTrigger } from './windows/triggers/count-trigger.js';
export { EventTimeTrigger } from './windows/triggers/event-time-trigger.js';
export { ProcessingTimeTrigger } from './windows/triggers/processing-time-trigger.js';
export { PurgingTrigger } from './windows/triggers/purging-trigger.js';
export { GlobalWindow, TimeWindow, type Window } from './windows/window.js';
export type { WindowAssigner } from './windows/window-assigner.js';
