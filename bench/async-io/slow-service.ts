import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers each request after 20 ms with the number in its path. Says its port on standard output; ends with its standard input. */
const latencyMs = 20;

const server = createServer((request, response) => {
  setTimeout(() => {
    response.setHeader('content-type', 'application/json');
    response.end(`{"number":${(request.url ?? '/').slice(1)}}`);
  }, latencyMs);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on('end', () => process.exit());
