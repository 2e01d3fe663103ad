import { openEmbeddedLogClient } from './embedded/embedded-log-client.js';
import { unsealKafkaConfig } from './kafka/settings/sealed-kafka-config.js';
import type { ThreadLogLocation } from './log-location.js';
import type { LogClient } from './log-port.js';

/** Opens this thread's own client of the job's log. Kafka's is loaded only where it is used. */
export async function openLogClient(location: ThreadLogLocation): Promise<LogClient> {
  switch (location.kind) {
    case 'embedded':
      return openEmbeddedLogClient({ ownerPort: location.ownerPort });
    case 'kafka': {
      const { createKafkaLogClient } = await import('./kafka/kafka-log-client.js');
      return createKafkaLogClient(unsealKafkaConfig(location.config));
    }
  }
}
