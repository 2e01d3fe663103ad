import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type BroadcastContext,
  type BroadcastStream,
  type Collector,
  type ConnectedStreams,
  CoProcessFunction,
  type DataStream,
  defineJob,
  discardSink,
  type JoinContext,
  type JoinedWindows,
  KeyedBroadcastProcessFunction,
  type KeyedConnectedStreams,
  type KeyedContext,
  KeyedCoProcessFunction,
  type MapStateDescriptor,
  OutputTag,
  type ProcessContext,
  ProcessJoinFunction,
  type ReadOnlyBroadcastStates,
  type TimeWindow,
  TumblingEventTimeWindows,
  Watermarks,
} from '../../src/index.js';

/**
 * What compiles of two streams and what doesn't: `npm run check` compiles this file, and fails where a line
 * marked `@ts-expect-error` compiles after all. The jobs are described as well, so that the lines run.
 */
interface Order {
  readonly id: number;
  readonly customer: string;
}

interface Payment {
  readonly order: number;
  readonly amount: number;
}

class Settle extends KeyedCoProcessFunction<number, Order, Payment, string> {
  processElement1(order: Order, context: KeyedContext<number>, out: Collector<string>): void {
    expectTypeOf(context.currentKey).toEqualTypeOf<number>();
    out.collect(order.customer);
  }

  processElement2(payment: Payment, _context: KeyedContext<number>, out: Collector<string>): void {
    // @ts-expect-error The results are strings.
    out.collect(payment.amount);
  }
}

class Both extends CoProcessFunction<Order, Payment, number> {
  processElement1(_order: Order, _context: ProcessContext, out: Collector<number>): void {
    out.collect(1);
  }

  processElement2(): void {}
}

class Pay extends ProcessJoinFunction<Order, Payment, number> {
  processElement(order: Order, payment: Payment, context: JoinContext, out: Collector<number>): void {
    // @ts-expect-error A payment has no customer.
    expect(payment.customer).toBeUndefined();
    out.collect(order.id + payment.amount + context.timestamp);
  }
}

function describeStreams(build: (orders: DataStream<Order>, payments: DataStream<Payment>) => void): void {
  defineJob('types', (env) => {
    const watermarks = Watermarks.monotonous<unknown>();
    const orders = env.fromCollection<Order>([], { watermarks });
    const payments = env.fromCollection<Payment>([], { watermarks });
    build(orders, payments);
    orders.sinkTo(discardSink());
  }).buildGraph();
}

describe('The types of two streams', () => {
  it('flow through connected streams', () => {
    describeStreams((orders, payments) => {
      const connected = orders.connect(payments);
      expectTypeOf(connected).toEqualTypeOf<ConnectedStreams<Order, Payment>>();
      const mapped = connected.map({
        map1: (order) => order.customer,
        map2: (payment) => `${payment.amount}`,
      });
      expectTypeOf(mapped).toEqualTypeOf<DataStream<string>>();
      expectTypeOf(connected.process(new Both())).toEqualTypeOf<DataStream<number>>();
      const keyed = orders.keyBy(({ id }) => id).connect(payments.keyBy(({ order }) => order));
      expectTypeOf(keyed).toEqualTypeOf<KeyedConnectedStreams<Order, Payment, number>>();
      expectTypeOf(keyed.process(new Settle())).toEqualTypeOf<DataStream<string>>();
      const alike = connected.keyBy(
        ({ id }) => id,
        ({ order }) => order,
      );
      expectTypeOf(alike).toEqualTypeOf<KeyedConnectedStreams<Order, Payment, number>>();
    });
  });

  it('flow through joins', () => {
    describeStreams((orders, payments) => {
      const pairs = orders.keyBy(({ id }) => id).intervalJoin(payments.keyBy(({ order }) => order));
      const sums = pairs
        .between('-1m', '1h')
        .sideOutputLeftLateData(new OutputTag<Order>('late'))
        .process(new Pay());
      expectTypeOf(sums).toEqualTypeOf<DataStream<number>>();
      const windows = orders
        .join(payments)
        .where(({ id }) => id)
        .equalTo(({ order }) => order)
        .window(TumblingEventTimeWindows.of('1m'));
      expectTypeOf(windows).toEqualTypeOf<JoinedWindows<Order, Payment, number, TimeWindow>>();
      const joined = windows.apply((order, payment) => ({ customer: order.customer, paid: payment.amount }));
      expectTypeOf(joined).toEqualTypeOf<DataStream<{ customer: string; paid: number }>>();
      const grouped = orders
        .coGroup(payments)
        .where(({ id }) => id)
        .equalTo(({ order }) => order)
        .window(TumblingEventTimeWindows.of('1m'))
        .apply<number>((of, paid) => [of.length, paid.length]);
      expectTypeOf(grouped).toEqualTypeOf<DataStream<number>>();
    });
  });
});

const rates: MapStateDescriptor<string, number> = { name: 'rates' };

interface Rate {
  readonly currency: string;
  readonly rate: number;
}

class Convert extends KeyedBroadcastProcessFunction<number, Payment, Rate, number> {
  processElement(
    payment: Payment,
    context: KeyedContext<number> & ReadOnlyBroadcastStates,
    out: Collector<number>,
  ): void {
    const known = context.getBroadcastState(rates);
    expectTypeOf(known.get('EUR')).toEqualTypeOf<number | undefined>();
    // @ts-expect-error This side only reads.
    known.put('EUR', 1);
    // @ts-expect-error The state's keys are strings.
    known.get(1);
    out.collect(payment.amount);
  }

  processBroadcastElement({ currency, rate }: Rate, context: BroadcastContext): void {
    context.getBroadcastState(rates).put(currency, rate);
    // @ts-expect-error The state's values are numbers.
    context.getBroadcastState(rates).put(currency, currency);
    // @ts-expect-error A broadcast element has no key.
    expect(context.currentKey).toBeUndefined();
    // @ts-expect-error Without a key there are no timers.
    expect(context.timerService).toBeUndefined();
  }
}

describe('The types of a broadcast stream', () => {
  it('are those of its elements and its states', () => {
    describeStreams((orders, payments) => {
      const ratesKnown = orders.map(({ id }): Rate => ({ currency: 'EUR', rate: id })).broadcast(rates);
      expectTypeOf(ratesKnown).toEqualTypeOf<BroadcastStream<Rate>>();
      const byOrder = payments.keyBy(({ order }) => order);
      expectTypeOf(byOrder.connect(ratesKnown).process(new Convert())).toEqualTypeOf<DataStream<number>>();
      const orderRates = orders.keyBy(({ id }) => id).connect(ratesKnown);
      // @ts-expect-error The function's keyed elements are payments.
      orderRates.process(new Convert());
      // @ts-expect-error Without keys there is no keyed function.
      payments.connect(ratesKnown).process(new Convert());
      // @ts-expect-error The broadcast elements are rates.
      byOrder.connect(orders.broadcast(rates)).process(new Convert());
      // @ts-expect-error A stream that is only spread everywhere has no keys and no broadcast state.
      expect(() => byOrder.connect(orders.broadcast())).toThrow(/one that is not keyed/);
    });
  });
});

describe('A wrong use of two streams does not compile:', () => {
  it('keys of two types', () => {
    describeStreams((orders, payments) => {
      const byCustomer = orders.keyBy(({ customer }) => customer);
      const byOrder = payments.keyBy(({ order }) => order);
      // @ts-expect-error One side's keys are strings, the other's numbers.
      byCustomer.connect(byOrder);
      // @ts-expect-error One side's keys are strings, the other's numbers.
      byCustomer.intervalJoin(byOrder);
      orders.connect(payments).keyBy(
        ({ customer }) => customer,
        // @ts-expect-error The first side's keys are strings.
        ({ order }) => order,
      );
      orders
        .join(payments)
        .where(({ customer }) => customer)
        // @ts-expect-error The first side's keys are strings.
        .equalTo(({ order }) => order);
    });
  });

  it('functions of other elements, keys or sides', () => {
    describeStreams((orders, payments) => {
      const byOrder = payments.keyBy(({ order }) => order);
      const byId = orders.keyBy(({ id }) => id);
      // @ts-expect-error The sides are the other way round.
      byOrder.connect(byId).process(new Settle());
      const byName = orders.keyBy(({ customer }) => customer).connect(payments.keyBy(() => 'x'));
      // @ts-expect-error The function's keys are numbers.
      byName.process(new Settle());
      // @ts-expect-error Without keys there is no keyed function.
      orders.connect(payments).process(new Settle());
      const join = byId.intervalJoin(byOrder).between(0, '1m');
      // @ts-expect-error The left side are orders.
      join.sideOutputLeftLateData(new OutputTag<Payment>('late'));
      // @ts-expect-error There is no such unit.
      byId.intervalJoin(byOrder).between('-1min', 0);
    });
  });
});

describe('Before the job starts, an error names', () => {
  it('a keyed stream that is connected with one that is not', () => {
    expect(() =>
      describeStreams((orders, payments) => {
        // @ts-expect-error The other side has no keys.
        orders.keyBy(({ id }) => id).connect(payments);
      }),
    ).toThrow(/A keyed stream is connected with one that is not keyed: give the other its keyBy/);
    expect(() =>
      describeStreams((orders, payments) => {
        // @ts-expect-error The first side has no keys.
        orders.connect(payments.keyBy(({ order }) => order));
      }),
    ).toThrow(/A stream is connected with a keyed one: give it its keyBy/);
  });

  it.each([
    ['inverted', 5, -5, /would join nothing: its lower bound \(5 ms\) lies above its upper bound \(-5 ms\)/],
    ['no durations', 'soon' as never, Number.NaN, /the lower bound .* is "soon".*the upper bound .* is NaN/],
  ])('bounds of an interval join that are %s', (_what, lower, upper, message) => {
    expect(() =>
      describeStreams((orders, payments) => {
        const join = orders.keyBy(({ id }) => id).intervalJoin(payments.keyBy(({ order }) => order));
        join.between(lower, upper).process(new Pay(), { uid: 'pay' });
      }),
    ).toThrow(message);
  });

  it('exclusive bounds that leave nothing between them', () => {
    expect(() =>
      describeStreams((orders, payments) => {
        const join = orders.keyBy(({ id }) => id).intervalJoin(payments.keyBy(({ order }) => order));
        join.between(0, 1).lowerBoundExclusive().upperBoundExclusive().process(new Pay());
      }),
    ).toThrow(/the interval join "Pay" would join nothing: .* with the exclusive ones moved by 1 ms/);
  });

  it.each(['an interval join', 'a window join'])('%s of a source without watermarks', (kind) => {
    expect(() =>
      defineJob('joins', (env) => {
        const timed = env.fromSequence(1, 9, { uid: 'timed', watermarks: Watermarks.monotonous() });
        const untimed = env.fromSequence(1, 9, { uid: 'untimed' }).map((n) => n);
        if (kind === 'a window join') {
          const windows = timed
            .join(untimed)
            .where(Number)
            .equalTo(Number)
            .window(TumblingEventTimeWindows.of(5));
          windows.apply((a, b) => a + b, { uid: 'join' }).sinkTo(discardSink());
        } else {
          class Add extends ProcessJoinFunction<number, number, number> {
            processElement(): void {}
          }
          const join = timed.keyBy(Number).intervalJoin(untimed.keyBy(Number)).between(0, 1);
          join.process(new Add(), { uid: 'join' }).sinkTo(discardSink());
        }
      }).buildGraph(),
    ).toThrow(/"join" reads from source "untimed", which has no watermark strategy/);
  });

  it('a uid that is given twice', () => {
    expect(() =>
      describeStreams((orders, payments) => {
        const connected = orders.connect(payments);
        connected.process(new Both(), { uid: 'both' });
        connected.process(new Both(), { uid: 'both' });
      }),
    ).toThrow(/the uid "both" is given to more than one operator/);
  });
});
