import {
  type Collector,
  type KeyedContext,
  KeyedProcessFunction,
  type OnTimerContext,
  type RuntimeContext,
  type ValueState,
} from '../../src/index.js';
import type { UserCode } from './job-under-test.js';
import { deepFreeze, type GroupLine, groupFinalTimerAt, type LedgerLine } from './ledger-event.js';

/** Counts the ledger's lines by group, in whatever order they come from the subtasks before. */
export class GroupCounter extends KeyedProcessFunction<number, LedgerLine, GroupLine> {
  private readonly userCode: UserCode;
  private totals!: ValueState<{ readonly count: number; readonly sum: number }>;

  constructor(userCode: UserCode) {
    super();
    this.userCode = userCode;
  }

  override open(context: RuntimeContext): void {
    this.totals = context.getState({ name: 'totals', defaultValue: { count: 0, sum: 0 } });
  }

  processElement(line: LedgerLine, context: KeyedContext<number>, out: Collector<GroupLine>): void {
    this.userCode.onCall();
    const before = this.totals.value() ?? { count: 0, sum: 0 };
    const totals = deepFreeze({
      count: before.count + 1,
      sum: before.sum + (line.kind === 'entry' ? line.sum : 1),
    });
    this.totals.update(totals);
    context.timerService.registerEventTimeTimer(groupFinalTimerAt);
    out.collect(deepFreeze({ kind: 'line', group: context.currentKey, count: totals.count }));
  }

  override onTimer(_timestamp: number, context: OnTimerContext<number>, out: Collector<GroupLine>): void {
    this.userCode.onCall();
    const totals = this.totals.value() ?? { count: 0, sum: 0 };
    out.collect(deepFreeze({ kind: 'final', group: context.currentKey, ...totals }));
  }
}
