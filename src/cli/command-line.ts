import { Command, Option } from 'commander';
import { parseDuration } from '../api/duration.js';
import { maxParallelismLimit, parallelismLimit } from '../api/job-options.js';
import { defaultLivenessSettings } from '../job-manager/task-manager-liveness.js';
import { readWantedTopic, type WantedTopic } from './create-topics.js';
import { type KafkaOptions, readProperty } from './kafka-options.js';
import {
  readBrokers,
  readCheckpointInterval,
  readHeartbeatTimeout,
  readMetricsInterval,
  readStrategy,
  readText,
  wholeNumber,
} from './option-values.js';
import { restartStrategyNames } from './restart-options.js';
import type { SettingsFlags } from './settings-resolution.js';

/** What one invocation asks for. Every value is checked; nothing of it has been looked at outside (files, brokers). */
export type CommandLine =
  | { readonly kind: 'run'; readonly options: CommandLineOptions }
  /** `--help` or `--version`: print and end. */
  | { readonly kind: 'print'; readonly text: string }
  /** Print all mistakes and end with exit code 2. */
  | { readonly kind: 'usage-error'; readonly message: string };

export interface CommandLineOptions {
  /** They go before what the job says. */
  readonly settings: SettingsFlags;
  /** Undefined: the demo job. */
  readonly jobFile: string | undefined;
  /** Without a broker, here or in the environment: the embedded log. */
  readonly kafka: KafkaOptions;
  /** Undefined: `.millrace/<job name>`. */
  readonly stateDir: string | undefined;
  /** Ignore earlier checkpoints. */
  readonly fresh: boolean;
  /** Fill the demo's input topic with so many events first. */
  readonly generate: number | undefined;
  /** Created before the job starts, and filled from files. */
  readonly createTopics: readonly WantedTopic[];
  /** A TaskManager silent for longer counts as lost. */
  readonly heartbeatTimeoutMs: number;
  /** Old space of each TaskManager's heap. */
  readonly heapMb: number;
  /** Where Prometheus may scrape; 0 for any free port, undefined for nowhere. */
  readonly metricsPort: number | undefined;
  /** Between two lines of metrics in the log; undefined for none. */
  readonly metricsIntervalMs: number | undefined;
}

/**
 * Old space of a TaskManager's heap. State has its own budget well below this; the rest is for what a user's
 * functions hold. A thread that passes it fails alone, and the job restarts.
 */
const heapMbDefault = 2_048;
/** Less would not hold the state's cache and the buffers. */
const heapMbMin = 128;
/** A terabyte: more is a slip of the finger. */
const heapMbMax = 1_048_576;

/**
 * Reads a command line, without the program's name.
 * All mistakes of the invocation are in one message, so that nobody has to find them one at a time.
 */
export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  const command = describeCommand();
  const { operands, unknown } = command.parseOptions([...args]);
  const given = command.opts<GivenOptions>();
  if (given.help === true) return { kind: 'print', text: command.helpInformation() + helpOnSettings };
  if (given.version === true) return { kind: 'print', text: `millrace ${version}\n` };

  const mistakes = new Mistakes();
  // What follows a property that lacks its value may be that value, and secret.
  const mayQuote = given.kafkaProperty?.every((text) => text !== true && text.includes('=')) !== false;
  for (const argument of [...operands, ...unknown])
    mistakes.addUnknownArgument(mayQuote ? argument : '[redacted]');
  const options = readOptions(given, mistakes);
  if (mistakes.found.length > 0) return { kind: 'usage-error', message: mistakes.message() };
  return { kind: 'run', options };
}

/** As commander gives them: true for an option that came without its value. */
type GivenOptions = {
  readonly [name in Exclude<keyof typeof optionTexts, RepeatedOption>]?: string | true;
} & { readonly [name in RepeatedOption]?: readonly (string | true)[] };

/** May be given several times. */
type RepeatedOption = 'kafkaProperty' | 'createTopic';

const optionTexts = {
  parallelism: ['--parallelism <n>', 'TaskManager threads, each running one subtask of every operator', '1'],
  job: ['--job <file>', 'the job to run, .ts, .js or .mjs; without it the demo job', undefined],
  brokers: [
    '--brokers <list>',
    'Kafka brokers, host:port[,host:port…]; without it the embedded log',
    undefined,
  ],
  commandConfig: [
    '--command-config <file>',
    "settings for Kafka, in the format of its client.properties: 'security.protocol=SASL_SSL', …",
    undefined,
  ],
  kafkaProperty: ['--kafka-property <name=value>', 'one such setting; may be given several times', undefined],
  stateDir: ['--state-dir <dir>', 'checkpoints, state and the embedded log', '.millrace/<job name>'],
  checkpointInterval: ['--checkpoint-interval <time>', 'time from one checkpoint to the next', '1s'],
  maxParallelism: ['--max-parallelism <n>', 'key groups; fixed for as long as the state lives', '128'],
  fresh: ['--fresh', 'begin anew, ignoring earlier checkpoints', undefined],
  generate: ['--generate <n>', 'fill the topic user-tracking-events with n events first', undefined],
  createTopic: [
    '--create-topic <topic>',
    'name[:partitions][=file]: create a missing topic, and fill it with the lines of a file; may be given several times',
    undefined,
  ],
  restartStrategy: ['--restart-strategy <name>', restartStrategyNames.join(', '), 'exponential-delay'],
  restartAttempts: ['--restart-attempts <n>', 'restarts before the job fails', undefined],
  restartDelay: ['--restart-delay <time>', 'pause before a restart', undefined],
  heartbeatTimeout: ['--heartbeat-timeout <time>', 'a thread silent for longer is restarted', '10s'],
  heapMb: ['--heap-mb <n>', 'heap of each thread; one that needs more is restarted', String(heapMbDefault)],
  metricsPort: [
    '--metrics-port <n>',
    'serve metrics to Prometheus at this port, 0 for a free one',
    undefined,
  ],
  metricsInterval: ['--metrics-interval <time>', 'time from one line of metrics to the next', undefined],
  help: ['--help', 'show this', undefined],
  version: ['--version', 'show the version', undefined],
} as const satisfies Record<string, readonly [flags: string, text: string, defaultText: string | undefined]>;

function describeCommand(): Command {
  const command = new Command('millrace')
    .description('Runs a stream processing job. Times are written 500ms, 5s, 1m.')
    .usage('[options]')
    .helpOption(false)
    // Commander's own would tell of the preset below, which is only this file's way to know a missing value.
    .configureHelp({ helpWidth: 100, optionDescription: ({ description }) => description });
  for (const [flags, text, defaultText] of Object.values(optionTexts)) {
    const option = new Option(flags, defaultText === undefined ? text : `${text} (default: ${defaultText})`);
    // Commander ends at the first option that lacks its value; taken for optional, it is one mistake of many.
    option.optional = option.required;
    option.required = false;
    if (flags === optionTexts.kafkaProperty[0] || flags === optionTexts.createTopic[0])
      option.argParser(appended).preset(true);
    command.addOption(option);
  }
  return command;
}

function appended(value: string | true, before: readonly (string | true)[] = []): readonly (string | true)[] {
  return [...before, value];
}

const helpOnSettings = `
A job may set its parallelism, checkpointing and restart strategy itself, in defineJob(name, { … }, build).
What is given here goes before that; the defaults are for what neither says.

Settings for Kafka may also stand in the environment, where they override the file: sasl.jaas.config is
MILLRACE_KAFKA_SASL_JAAS_CONFIG. Those of --kafka-property override both; for secrets take one of the others,
since everybody on the machine can see a command line.
`;

function readOptions(given: GivenOptions, mistakes: Mistakes): CommandLineOptions {
  return {
    settings: readSettings(given, mistakes),
    jobFile: mistakes.read('--job', given.job, readText),
    kafka: {
      brokers: mistakes.read('--brokers', given.brokers, readBrokers),
      commandConfig: mistakes.read('--command-config', given.commandConfig, readText),
      properties: new Map(
        (given.kafkaProperty ?? []).flatMap((text) => {
          const property = mistakes.read('--kafka-property', text, readProperty);
          return property === undefined ? [] : [property];
        }),
      ),
    },
    stateDir: mistakes.read('--state-dir', given.stateDir, readText),
    fresh: given.fresh === true,
    generate: mistakes.read('--generate', given.generate, wholeNumber(1, 1_000_000_000)),
    createTopics: (given.createTopic ?? []).flatMap(
      (text) => mistakes.read('--create-topic', text, readWantedTopic) ?? [],
    ),
    heartbeatTimeoutMs:
      mistakes.read('--heartbeat-timeout', given.heartbeatTimeout, readHeartbeatTimeout) ??
      defaultLivenessSettings.heartbeatTimeoutMs,
    heapMb: mistakes.read('--heap-mb', given.heapMb, wholeNumber(heapMbMin, heapMbMax)) ?? heapMbDefault,
    metricsPort: mistakes.read('--metrics-port', given.metricsPort, wholeNumber(0, 65_535)),
    metricsIntervalMs: mistakes.read('--metrics-interval', given.metricsInterval, readMetricsInterval),
  };
}

/** What contradicts itself here is told at once; what contradicts the job, when that is loaded. */
function readSettings(given: GivenOptions, mistakes: Mistakes): SettingsFlags {
  const settings: SettingsFlags = {
    parallelism: mistakes.read('--parallelism', given.parallelism, wholeNumber(1, parallelismLimit)),
    maxParallelism: mistakes.read(
      '--max-parallelism',
      given.maxParallelism,
      wholeNumber(1, maxParallelismLimit),
    ),
    checkpointIntervalMs: mistakes.read(
      '--checkpoint-interval',
      given.checkpointInterval,
      readCheckpointInterval,
    ),
    restartStrategy: mistakes.read('--restart-strategy', given.restartStrategy, readStrategy),
    restart: {
      attempts: mistakes.read('--restart-attempts', given.restartAttempts, wholeNumber(1, 1_000_000_000)),
      delayMs: mistakes.read('--restart-delay', given.restartDelay, parseDuration),
    },
  };
  const { parallelism, maxParallelism, restartStrategy, restart } = settings;
  if (parallelism !== undefined && maxParallelism !== undefined && parallelism > maxParallelism) {
    mistakes.add(
      `--parallelism ${parallelism} is more than --max-parallelism ${maxParallelism}: some threads would have no keys`,
    );
  }
  if (restartStrategy === 'none' && (restart.attempts !== undefined || restart.delayMs !== undefined)) {
    mistakes.add('--restart-attempts and --restart-delay mean nothing with --restart-strategy none');
  }
  return settings;
}

/** Collects what is wrong with an invocation. */
class Mistakes {
  readonly found: string[] = [];

  add(mistake: string): void {
    this.found.push(mistake);
  }

  addUnknownArgument(argument: string): void {
    this.add(
      argument.startsWith('-') ? `there is no option ${argument}` : `"${argument}" belongs to no option`,
    );
  }

  /** The value of one option; undefined when it was not given, or not well (then the mistake is noted). */
  read<T>(
    flag: string,
    given: string | true | undefined,
    reader: (text: string, flag: string) => T,
  ): T | undefined {
    if (given === undefined) return undefined;
    if (given === true) {
      this.add(`${flag} needs a value`);
      return undefined;
    }
    try {
      return reader(given, flag);
    } catch (error) {
      this.add(error instanceof Error ? error.message.replace(/\.$/, '') : String(error));
      return undefined;
    }
  }

  message(): string {
    const list = this.found.map((mistake) => `  - ${mistake}\n`).join('');
    return `millrace can't run with these arguments:\n${list}Run millrace --help for what there is.\n`;
  }
}
