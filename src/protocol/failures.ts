/**
 * An error as it crosses threads: `Error` objects lose their class and fields on the way, so the protocol
 * carries this and the receiver builds an error from it.
 */
export interface Failure {
  readonly domain: FailureDomain;
  readonly action: FailureAction;
  readonly name: string;
  /** What happened, where (operator, subtask, topic/partition/offset), and what to do. */
  readonly message: string;
  readonly stack?: string;
  readonly cause?: Failure;
}

/** Whose fault: the user's functions, a system outside (broker, disk), or Millrace's own. */
export type FailureDomain = 'user-code' | 'outside-system' | 'internal';

/** `restart` is for what a fresh attempt may cure; `fail-job` for what it can't (lost transactions, bad graphs). */
export type FailureAction = 'restart' | 'fail-job';

/** An error that knows its domain and action; `toFailure` takes them over, other errors count as user code to restart. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  readonly domain: FailureDomain;
  readonly action: FailureAction;
  constructor(message: string, options: { domain: FailureDomain; action: FailureAction; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.domain = options.domain;
    this.action = options.action;
  }
}

const causeDepthMax = 8;

export function toFailure(error: unknown, defaultDomain: FailureDomain = 'user-code', depth = 0): Failure {
  if (!(error instanceof Error)) {
    return {
      domain: defaultDomain,
      action: 'restart',
      name: 'Error',
      message: `A value that is no Error was thrown: ${String(error)}`,
    };
  }
  const known = error instanceof MillraceError ? error : undefined;
  return {
    domain: known?.domain ?? defaultDomain,
    action: known?.action ?? 'restart',
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= causeDepthMax
      ? {}
      : { cause: toFailure(error.cause, defaultDomain, depth + 1) }),
  };
}

/** One line a cause, outermost first. */
export function describeFailure(failure: Failure): string {
  const own = sayingMuch.has(failure.name) ? failure.message : `${failure.name}: ${failure.message}`;
  const cause = untoldCause(failure);
  return cause === undefined ? own : `${own}\n  caused by: ${describeFailure(cause)}`;
}

/** Errors whose message is a sentence that needs no class name in front. */
const sayingMuch: ReadonlySet<string> = new Set(['MillraceError', 'LogError', 'Error']);

/** The first cause that the message does not quote anyway. */
function untoldCause({ message, cause }: Failure): Failure | undefined {
  let untold = cause;
  while (untold !== undefined && message.includes(untold.message)) untold = untold.cause;
  return untold;
}
