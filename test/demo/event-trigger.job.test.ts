import { describe, expect, it } from 'vitest';
import eventTrigger from '../../src/demo/event-trigger.job.js';

describe('The demo job', () => {
  it('is called event-trigger and names the state of every operator that has any', () => {
    const graph = eventTrigger.buildGraph();
    expect(graph.jobName).toBe('event-trigger');
    const uids = graph.nodes.map((node) => node.uid);
    for (const uid of ['events', 'enrich', 'trigger', 'actions']) expect(uids).toContain(uid);
  });
});
