import { expect, onTestFinished, test } from 'vitest';
import type { Metric } from '../../src/metrics/metric.js';
import { PrometheusEndpoint } from '../../src/metrics/prometheus-endpoint.js';

async function start(metrics: () => readonly Metric[]): Promise<PrometheusEndpoint> {
  const endpoint = await PrometheusEndpoint.start({ port: 0, jobName: 'a-job', metrics });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

test('each scrape has the values of its time, and series that are gone are gone', async () => {
  let values = [1, 2];
  const endpoint = await start(() =>
    values.map((value, subtaskIndex) => ({
      name: 'numRecordsIn',
      kind: 'counter',
      scope: { kind: 'task', taskName: 'map', subtaskIndex },
      value,
    })),
  );
  const scrape = async () => {
    const response = await fetch(`http://127.0.0.1:${endpoint.port}/metrics`);
    expect(response.status).toBe(200);
    const lines = (await response.text()).split('\n');
    return lines.filter((line) => line.startsWith('flink_')).map((line) => Number(line.split(' ').at(-1)));
  };
  expect(await scrape()).toEqual([1, 2]);
  values = [5];
  expect(await scrape()).toEqual([5]);
});

test('there is nothing else to get', async () => {
  const endpoint = await start(() => []);
  expect((await fetch(`http://127.0.0.1:${endpoint.port}/`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${endpoint.port}/metrics`, { method: 'POST' })).status).toBe(404);
});

test('a port that is taken is named, with what to do', async () => {
  const { port } = await start(() => []);
  await expect(PrometheusEndpoint.start({ port, jobName: 'b', metrics: () => [] })).rejects.toThrow(
    new RegExp(`port ${port}: .*EADDRINUSE.*--metrics-port`),
  );
});
