import type { CancelTimer, Clock } from '../host/clock.js';
import type { Logger } from '../host/logger.js';
import type { Metric } from '../metrics/metric.js';
import { formatMetricLine } from '../metrics/metric-line.js';

export interface MetricReporterOptions {
  /** Where Prometheus may scrape; undefined for nowhere. */
  readonly metricsPort: number | undefined;
  /** Between two lines in the log; undefined for none. */
  readonly metricsIntervalMs: number | undefined;
}

export interface MetricReporterHost {
  readonly jobName: string;
  readonly metrics: () => readonly Metric[];
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Shows a job's metrics as the command line asks; gives what ends that.
 * @throws MillraceError when the port can't be had.
 */
export async function startMetricReporters(
  options: MetricReporterOptions,
  host: MetricReporterHost,
): Promise<() => Promise<void>> {
  const endpoint = options.metricsPort === undefined ? undefined : await serve(options.metricsPort, host);
  const { metricsIntervalMs } = options;
  const cancelLines = metricsIntervalMs === undefined ? () => {} : logEach(metricsIntervalMs, host);
  return async () => {
    cancelLines();
    await endpoint?.close();
  };
}

/** The library is loaded only where it is used. */
async function serve(port: number, { jobName, metrics, logger }: MetricReporterHost) {
  const { PrometheusEndpoint } = await import('../metrics/prometheus-endpoint.js');
  const endpoint = await PrometheusEndpoint.start({ port, jobName, metrics });
  logger.info(`Metrics are at http://localhost:${endpoint.port}/metrics.`);
  return endpoint;
}

function logEach(intervalMs: number, { metrics, logger, clock }: MetricReporterHost): CancelTimer {
  let cancel: CancelTimer;
  const schedule = (): void => {
    cancel = clock.setTimer(intervalMs, () => {
      logger.info(`Metrics ${formatMetricLine(metrics())}`);
      schedule();
    });
  };
  schedule();
  return () => cancel();
}
