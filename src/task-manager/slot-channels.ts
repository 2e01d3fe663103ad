import type { ChannelListener, InputChannel, OutputChannel } from '../exchange/channel.js';
import type { ChannelSettings } from '../exchange/credit-flow.js';
import type { EncodedRecordDecoder } from '../exchange/encoded-record.js';
import { EncodedRecordRelay } from '../exchange/encoded-record-relay.js';
import { InputGate } from '../exchange/input-gate.js';
import { LocalChannel } from '../exchange/local-channel.js';
import { createRecordRouter, KeyRouter, type RecordRouter } from '../exchange/record-router.js';
import { RecordWriter } from '../exchange/record-writer.js';
import { encodedEdge } from '../graph/encoded-edge.js';
import {
  crossesThreads,
  type ExecutionPlan,
  inputChannelsOf,
  outputChannelsOf,
  type PlannedChannel,
} from '../graph/execution-plan.js';
import type { JobEdge, JobGraph, JobVertex } from '../graph/job-graph.js';
import type { SubtaskIndex } from '../protocol/ids.js';

/** The channels that begin or end in this slot. One within the slot is both, and made once. */
export class SlotChannels {
  private readonly plan: ExecutionPlan;
  private readonly jobGraph: JobGraph;
  private readonly ends: ThreadChannelEnds;
  private readonly wake: () => void;
  private readonly local = new Map<number, { channel?: LocalChannel; listener?: ChannelListener }>();

  constructor(plan: ExecutionPlan, jobGraph: JobGraph, ends: ThreadChannelEnds, wake: () => void) {
    this.plan = plan;
    this.jobGraph = jobGraph;
    this.ends = ends;
    this.wake = wake;
  }

  writerOf(
    edge: JobEdge,
    upstream: SubtaskIndex,
    writer: Omit<ChannelSettings, 'name'>,
    maxParallelism: number,
  ): RecordWriter {
    const planned = outputChannelsOf(this.plan, edge, upstream);
    const channels = planned.map((channel) => this.openOutput(channel, writer));
    const router = createRecordRouter(edge.partitioning, {
      channelCount: channels.length,
      maxParallelism,
      subtaskIndex: upstream,
    });
    return new RecordWriter(
      channels,
      router,
      this.vertexName(edge.fromVertex),
      this.relayOf(edge, router, channels),
    );
  }

  gateOf(vertex: JobVertex, downstream: SubtaskIndex): InputGate {
    const gate = new InputGate(this.wake);
    for (const channel of inputChannelsOf(this.plan, vertex.id, downstream)) {
      gate.addChannel(channel.edge.inputIndex, (listener) => this.openInput(channel, listener));
    }
    return gate;
  }

  private relayOf(
    edge: JobEdge,
    router: RecordRouter,
    channels: readonly OutputChannel[],
  ): EncodedRecordRelay | undefined {
    const encoded = encodedEdge(this.jobGraph, edge);
    if (encoded === undefined || !(router instanceof KeyRouter)) return undefined;
    if (channels.every((channel) => channel.writeEncodedRecord === undefined)) return undefined;
    return new EncodedRecordRelay(encoded.fields, router, channels);
  }

  private openOutput(channel: PlannedChannel, writer: Omit<ChannelSettings, 'name'>): OutputChannel {
    const settings = { name: this.nameOf(channel), ...writer };
    if (crossesThreads(channel)) return this.ends.openOutput(channel.index, settings);
    const entry = this.localEntry(channel);
    entry.channel = new LocalChannel(settings, { onAvailable: () => entry.listener?.onAvailable() });
    return entry.channel;
  }

  /** Downstream subtasks are built first: their end of a local channel waits for the upstream's. */
  private openInput(channel: PlannedChannel, listener: ChannelListener): InputChannel {
    if (crossesThreads(channel)) {
      const decoder = encodedEdge(this.jobGraph, channel.edge)?.decoder;
      return this.ends.openInput(channel.index, this.nameOf(channel), listener, decoder);
    }
    const entry = this.localEntry(channel);
    entry.listener = listener;
    return new LocalInput(() => entry.channel);
  }

  private localEntry(channel: PlannedChannel): { channel?: LocalChannel; listener?: ChannelListener } {
    const entry = this.local.get(channel.index) ?? {};
    this.local.set(channel.index, entry);
    return entry;
  }

  private nameOf(channel: PlannedChannel): string {
    const { edge, upstream, downstream } = channel;
    return `${this.vertexName(edge.fromVertex)} (${upstream}) -> ${this.vertexName(edge.toVertex)} (${downstream})`;
  }

  private vertexName(id: number): string {
    return this.jobGraph.vertices[id]?.name ?? `vertex ${id}`;
  }
}

/** This slot's ends of the channels that cross threads, by their number in the execution plan. */
export interface ThreadChannelEnds {
  openOutput(channelIndex: number, settings: ChannelSettings): OutputChannel;
  /** @param decoder of the records that come encoded; undefined where none do. */
  openInput(
    channelIndex: number,
    name: string,
    listener: ChannelListener,
    decoder: EncodedRecordDecoder | undefined,
  ): InputChannel;
}

/** The receiving end of a local channel whose sending end is made later. */
class LocalInput implements InputChannel {
  private readonly find: () => LocalChannel | undefined;

  constructor(find: () => LocalChannel | undefined) {
    this.find = find;
  }

  get hasData(): boolean {
    return this.find()?.hasData ?? false;
  }

  poll(): ReturnType<LocalChannel['poll']> {
    return this.find()?.poll();
  }

  close(): void {
    this.find()?.close();
  }
}
