import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../../../src/host/clock.js';
import type { OAuthTokens } from '../../../../src/log/kafka/kafka-security.js';
import { OAuthTokenProvider } from '../../../../src/log/kafka/oauth/oauth-token-provider.js';
import { Secret } from '../../../../src/log/kafka/settings/secret.js';
import { TokenEndpoint } from '../../../kafka-broker/token-endpoint.js';

/** A clock that stands until it is set. */
class StandingClock implements Clock {
  nowMs = 1_000_000;
  epochMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
  setTimer(): () => void {
    throw new Error('Nothing waits here.');
  }
}

async function endpointWith(answer: (count: number) => object, status = 200) {
  const endpoint = await TokenEndpoint.listen(() => ({ status, answer: answer(endpoint.requests.length) }));
  onTestFinished(() => endpoint.close());
  return endpoint;
}

const credentials = { clientId: 'job 1', clientSecret: new Secret('hunter2:%'), extensions: {} };

describe('the tokens of a client', () => {
  it('are asked for with its credentials, shared, and renewed before they end', async () => {
    const endpoint = await endpointWith((n) => ({ access_token: `token-${n}`, expires_in: 1_000 }));
    const clock = new StandingClock();
    const tokens: OAuthTokens = { kind: 'endpoint', url: endpoint.url, scope: 'kafka', ...credentials };
    const provider = new OAuthTokenProvider(tokens, clock);
    const both = await Promise.all([provider.token(), provider.token()]);
    expect(both.map((token) => token.reveal())).toEqual(['token-1', 'token-1']);
    clock.nowMs += 799_000;
    expect((await provider.token()).reveal()).toBe('token-1');
    clock.nowMs += 1_000;
    expect((await provider.token()).reveal()).toBe('token-2');
    const [request] = endpoint.requests;
    expect(request).toEqual({
      // RFC 6749, section 2.3.1.
      authorization: `Basic ${Buffer.from('job+1:hunter2%3A%25').toString('base64')}`,
      form: { grant_type: 'client_credentials', scope: 'kafka' },
    });
    expect(inspect(provider, { depth: null })).not.toMatch(/hunter2|token-2/);
  });

  it('that would end before a session could are asked for each time', async () => {
    const endpoint = await endpointWith((n) => ({ access_token: `token-${n}`, expires_in: 15 }));
    const provider = new OAuthTokenProvider(
      { kind: 'endpoint', url: endpoint.url, ...credentials },
      new StandingClock(),
    );
    expect((await provider.token()).reveal()).toBe('token-1');
    expect((await provider.token()).reveal()).toBe('token-2');
  });

  it('that are refused are an error which names the settings and no secret', async () => {
    const endpoint = await endpointWith(
      () => ({ error: 'invalid_client', error_description: 'unknown' }),
      401,
    );
    const provider = new OAuthTokenProvider(
      { kind: 'endpoint', url: endpoint.url, ...credentials },
      new StandingClock(),
    );
    const error = await provider.token().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(
        /401 invalid_client, unknown\. Check sasl\.oauthbearer\.token\.endpoint\.url, and clientId/,
      ),
    });
    expect(inspect(error, { depth: null })).not.toContain('hunter2');
  });

  it('are worth another try where the endpoint is not there, or is not well', async () => {
    const clock = new StandingClock();
    const closed = await TokenEndpoint.listen(() => ({ status: 200, answer: {} }));
    await closed.close();
    const away = { kind: 'endpoint', url: closed.url, ...credentials } as const;
    await expect(new OAuthTokenProvider(away, clock).token()).rejects.toMatchObject({
      name: 'Error',
      message: expect.stringMatching(/localhost:\d+\/token does not answer \(.*ECONNREFUSED/),
    });
    const unwell = await endpointWith(() => ({}), 503);
    const provider = new OAuthTokenProvider({ ...away, url: unwell.url }, clock);
    await expect(provider.token()).rejects.toThrow(/answered 503/);
  });

  it('are read from a file again once they have ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-token-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'token');
    const clock = new StandingClock();
    const tokenUntil = (ms: number): string =>
      `e30.${Buffer.from(JSON.stringify({ exp: ms / 1_000 })).toString('base64url')}.`;
    const [first, second] = [tokenUntil(clock.nowMs + 100_000), tokenUntil(clock.nowMs + 200_000)];
    writeFileSync(path, `${first}\n`);
    const provider = new OAuthTokenProvider({ kind: 'file', path, extensions: {} }, clock);
    expect((await provider.token()).reveal()).toBe(first);
    writeFileSync(path, second);
    expect((await provider.token()).reveal()).toBe(first);
    clock.nowMs += 80_000;
    expect((await provider.token()).reveal()).toBe(second);
  });
});
