import { randomUUID } from 'node:crypto';
import { readFileSync, truncateSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '../support/free-port';
import { jpeg, jpegBlocks } from '../support/photos';
import { RawConnection } from '../support/raw-connection';
import { Scrape } from '../support/scrape';
import { SecretSearch } from '../support/secret-search';
import { beginDownload, digest } from '../support/transfers';
import { VaultHome } from '../support/vault-home';
import type { VaultProcess } from '../support/vault-process';
import { eventually } from '../support/waiting';

// The figures of the built server, scraped from outside as Prometheus does it.

const REFUSED = { code: 78, signal: null };
/** More than the kernel buffers of a connection hold, so that a download that nobody reads stands still. */
const BIG = 48 * 1024 * 1024;

jest.setTimeout(90_000);

let home: VaultHome;

beforeEach(async () => {
  home = await VaultHome.create();
});
afterEach(() => home.close());

/** Where the figures are, once the server has said so. */
async function figuresOf(server: VaultProcess): Promise<string> {
  const address = (): string | undefined => /Figures for Prometheus are at (http:\S+?)"/.exec(server.stdout.text)?.[1];
  await eventually('the figures are there', () => address() !== undefined);
  return address() ?? '';
}

describe('figures', () => {
  it('are nowhere unless they were asked for', async () => {
    const server = home.start();
    const alice = await server.signUp('alice@example.com');
    expect((await alice.request('GET', '//metrics')).status).toBe(404);
    expect(server.stdout.text).not.toContain('Figures');
  });

  it('have a port of their own on this machine, where nothing else is, and are not on the vault’s', async () => {
    const server = home.start({ METRICS_PORT: '0' });
    const alice = await server.signUp('alice@example.com');
    const figures = await figuresOf(server);
    expect(figures).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(new URL(figures).port).not.toBe(new URL(alice.url).port);
    for (const path of ['//metrics', '/metrics']) expect((await alice.request('GET', path)).status).toBe(404);
    for (const path of ['/', '/health/ready', '/api/v1/users/me', '/metrics/more']) {
      expect((await fetch(new URL(path, figures))).status).toBe(404);
    }
    expect((await fetch(figures, { method: 'POST' })).status).toBe(405);
    const answer = await fetch(figures);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('say what has happened, to the request and to the byte', async () => {
    const server = home.start({ METRICS_PORT: '0' });
    const alice = await server.signUp('alice@example.com');
    const figures = await figuresOf(server);
    const before = await Scrape.of(figures);

    const photo = jpeg(3_000_000, 'counted');
    const { body } = await alice.put('a.jpg', photo);
    await alice.content(body.id);
    await alice.content(body.id);
    await alice.content(randomUUID());
    const json = { challengeId: 'x'.repeat(43), deviceId: 'test-device', pin: '0000' };
    expect((await alice.request('POST', '/auth/sessions', { json })).status).toBe(401);

    const after = await Scrape.of(figures);
    const more = (series: string): number => (after.value(series) ?? NaN) - (before.value(series) ?? 0);
    const requests = (labels: string): number => more(`photovault_http_requests_total{${labels}}`);
    expect(requests('method="PUT",route="/api/v1/files/by-name/:name",status="201"')).toBe(1);
    expect(requests('method="GET",route="/api/v1/files/:id/content",status="200"')).toBe(2);
    expect(requests('method="GET",route="/api/v1/files/:id/content",status="404"')).toBe(1);
    expect(more('photovault_http_request_duration_seconds_count{route="/api/v1/files/:id/content"}')).toBe(3);
    const received = more('photovault_http_received_bytes_total');
    expect(received).toBeGreaterThan(photo.length);
    expect(received).toBeLessThan(photo.length + 10_000);
    const sent = more('photovault_http_sent_bytes_total');
    expect(sent).toBeGreaterThan(2 * photo.length);
    expect(sent).toBeLessThan(2 * photo.length + 20_000);
    expect(more('photovault_blob_duration_seconds_count{operation="put"}')).toBe(1);
    expect(more('photovault_blob_duration_seconds_count{operation="read"}')).toBe(2);
    expect(before.value('photovault_pin_guesses_total{outcome="right"}')).toBe(1);
    expect(more('photovault_pin_guesses_total{outcome="not_compared"}')).toBe(1);
    expect(more('photovault_problems_total{code="AUTH.PIN_REFUSED"}')).toBe(1);
    expect(more('photovault_problems_total{code="FILE.NOT_FOUND"}')).toBe(1);
    expect(after.value('photovault_job_runs_total{job="blob-sweep",outcome="done"}')).toBeGreaterThanOrEqual(1);
    const age =
      Date.now() / 1000 - (after.value('photovault_job_last_success_timestamp_seconds{job="retention"}') ?? 0);
    expect(Math.abs(age)).toBeLessThan(120);
    expect(after.value('photovault_database_connections_max')).toBe(20);
    expect(after.value('photovault_database_connections_open')).toBeGreaterThanOrEqual(1);
    expect(after.value('photovault_database_connections_waiting')).toBe(0);
    expect(after.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(after.value('photovault_blob_free_bytes')).toBeGreaterThan(0);
    expect(after.value('photovault_blob_free_floor_bytes')).toBe(0);
  });

  it('count a wrong PIN as wrong', async () => {
    const server = home.start({ METRICS_PORT: '0' });
    const alice = await server.signUp('alice@example.com');
    const { body } = await alice.request('POST', '/auth/pin', {
      json: { email: 'alice@example.com', deviceId: 'other' },
    });
    const right = await server.stdout.pinFor('alice@example.com');
    const json = { challengeId: body.challengeId, deviceId: 'other', pin: right === '1234' ? '4321' : '1234' };
    expect((await alice.request('POST', '/auth/sessions', { json })).status).toBe(401);
    expect((await Scrape.of(await figuresOf(server))).value('photovault_pin_guesses_total{outcome="wrong"}')).toBe(1);
  });

  it('show damage of what is stored', async () => {
    const server = home.start({ METRICS_PORT: '0' });
    const alice = await server.signUp('alice@example.com');
    const { body } = await alice.put('a.jpg', jpeg(100_000, 'damaged'));
    truncateSync(join(home.dataDir, 'blobs', home.objects()[0] ?? ''), 5000);
    expect((await alice.content(body.id)).status).toBe(500);
    const scrape = await Scrape.of(await figuresOf(server));
    expect(scrape.value('photovault_problems_total{code="VAULT.DAMAGED"}')).toBe(1);
    expect(scrape.value('photovault_blob_failures_total{operation="read"}')).toBe(1);
  });

  it('name no person, no file, no path and nothing that a client has made up, and do not grow with them', async () => {
    const server = home.start({ METRICS_PORT: '0' });
    const [name, folder] = ['marker-of-a-name.jpg', 'marker-of-a-folder'];
    const alice = await server.signUp('marker-of-an-address@example.com');
    const figures = await figuresOf(server);

    const wander = async (round: number): Promise<string[]> => {
      const { body } = await alice.put(`${round}-${name}`, jpeg(1000, round));
      await alice.request('GET', `/files/by-name/${round}-${name}/content`);
      await alice.content(body.id);
      const made = await alice.request('POST', '/folders', { json: { name: `${round}-${folder}` } });
      await alice.request('GET', `/folders/${randomUUID()}`);
      await alice.request('GET', `/marker-of-a-path-${round}?marker-of-a-query-${round}`);
      await alice.request('GET', `//docs/marker-of-a-path-${round}`);
      await alice.request('GET', `//s/marker-of-a-share-${round}`, { headers: { 'x-request-id': `marker-${round}` } });
      for (const method of ['PROPFIND', 'PURGE', 'MKCOL'].slice(0, 1 + round)) {
        const lines = [`${method} /marker-of-a-path HTTP/1.1`, 'Host: localhost', 'Connection: close'];
        expect((await RawConnection.exchange(alice.url, lines))?.status).toBe(404);
      }
      return [body.id, String(made.body.id)];
    };
    const ids = await wander(0);
    const before = await Scrape.of(figures);
    for (let round = 1; round < 10; round++) ids.push(...(await wander(round)));
    const after = await Scrape.of(figures);

    // Of the process' own, kinds of garbage collection come up by and by: nobody chooses those.
    const added = [...after.series.keys()].filter((series) => !before.series.has(series));
    expect(added.filter((series) => series.startsWith('photovault_'))).toEqual([]);
    const search = new SecretSearch().add('a marker', 'marker-of-').add('the token', alice.token ?? '');
    for (const id of [...ids, alice.userId ?? '']) search.add('an id', id);
    expect(search.findIn('the scrape', Buffer.from(after.text))).toEqual([]);
    expect(after.text).not.toContain('example.com');
    expect(after.sum('photovault_http_requests_total', 'method="other",route="(no route)"')).toBeGreaterThan(10);
  });

  it('are documented, each of them and no other', async () => {
    const server = home.start({ METRICS_PORT: '0', REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    await server.ready();
    const scrape = await Scrape.of(await figuresOf(server));
    expect(scrape.value('photovault_redis_up')).toBe(0);
    const ours = new Set(scrape.names.filter((each) => each.startsWith('photovault_')));
    const document = readFileSync(resolve(__dirname, '../../docs/operations.md'), 'utf8');
    const [table = ''] = /<!-- figures:begin -->[^]*<!-- figures:end -->/.exec(document) ?? [];
    const documented = new Set(Array.from(table.matchAll(/`(photovault_\w+)/g), ([, each = '']) => each));
    expect([...documented].sort()).toEqual([...ours].sort());
    for (const file of ['deploy/prometheus-alerts.yml', 'deploy/grafana-dashboard.json']) {
      const text = readFileSync(resolve(__dirname, '../..', file), 'utf8');
      const used = Array.from(text.matchAll(/\b((?:photovault|nodejs|process)_\w+)/g), ([, each = '']) => each);
      const known = new Set(scrape.names);
      const unknown = used.filter((each) => !known.has(each) && !known.has(each.replace(/_(?:bucket|sum|count)$/, '')));
      expect({ file, used: used.length > 5, unknown }).toEqual({ file, used: true, unknown: [] });
    }
  });

  it('are there until the last transfer has ended', async () => {
    const server = home.start({ METRICS_PORT: '0' });
    const alice = await server.signUp('alice@example.com');
    const figures = await figuresOf(server);
    const big = await alice.request('PUT', '/files/by-name/big.jpg', {
      body: Buffer.concat([...jpegBlocks(BIG, 'big')]),
    });
    const download = await beginDownload(alice, String(big.body.id));
    server.signal('SIGTERM');
    await eventually('it takes nobody new', () => alice.list().then(() => false, () => true)); // prettier-ignore
    expect((await Scrape.of(figures)).value('photovault_http_requests_open')).toBe(1);
    expect(await digest(download)).toBe(await digest(jpegBlocks(BIG, 'big')));
    expect(await server.ending()).toEqual({ code: 0, signal: null });
  });
});

describe('a start with figures is refused, with a sentence and a code,', () => {
  it('on the port of the vault', async () => {
    const port = String(await freePort());
    const server = home.start({ PORT: port, METRICS_PORT: port });
    expect(await server.ending()).toEqual(REFUSED);
    expect(server.stdout.text).toContain('METRICS_PORT must be another than PORT');
  });

  it('on a port that somebody has', async () => {
    const first = home.start();
    const { port } = new URL(await first.ready());
    const other = await VaultHome.create();
    try {
      const server = other.start({ METRICS_PORT: port });
      expect(await server.ending()).toEqual(REFUSED);
      expect(server.stdout.text).toContain(`Cannot listen on 127.0.0.1:${port} (EADDRINUSE)`);
      expect(server.stdout.text).toContain('METRICS_HOST and METRICS_PORT');
    } finally {
      await other.close();
    }
  });
});
