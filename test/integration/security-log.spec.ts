import { DataSource } from 'typeorm';
import { inWords } from '../../src/platform/mail/mail-layout';
import { withClient } from '../../src/platform/database/open-database';
import { type PreparedStatement, PreparedStatements } from '../../src/platform/database/prepared-statements';
import type { Position } from '../../src/platform/http/cursor';
import type { SecurityEventEntity } from '../../src/users/events/security-event.entity';
import { SecurityEventsRepository } from '../../src/users/events/security-events.repository';
import { SecurityLog } from '../../src/users/events/security-log.service';
import { UsersService } from '../../src/users/users.service';
import { MailServer } from '../support/mail-server';
import { startTestApp, type TestApp } from '../support/test-app';
import { eventually } from '../support/waiting';

let mailServer: MailServer;
let vault: TestApp;
let log: SecurityLog;
let dataSource: DataSource;
let people = 0;

beforeAll(async () => {
  mailServer = await MailServer.start();
  vault = await startTestApp({ SMTP_URL: mailServer.url, PUBLIC_URL: 'https://photos.example' });
  log = vault.app.get(SecurityLog, { strict: false });
  dataSource = vault.app.get(DataSource);
});
afterAll(async () => {
  await vault.close();
  await mailServer.stop();
});

const NOBODY = '019ab0c4-0000-7000-8000-000000000000';

async function newUser(email = `person${++people}@example.com`): Promise<string> {
  const users = vault.app.get(UsersService, { strict: false });
  return dataSource.transaction((tx) => users.ensure(tx, email));
}

async function eventsOf(userId: string): Promise<SecurityEventEntity[]> {
  const columns = 'id, user_id AS "userId", kind, ip, device, created_at AS "createdAt"';
  return vault.database.query(
    `SELECT ${columns} FROM security_events WHERE user_id = $1 ORDER BY created_at DESC, id DESC`,
    [userId],
  );
}

const inLog = (text: string) => vault.logs.lines.filter((line) => line.includes(text));

describe('an event that is recorded', () => {
  it('is there at once, with the address in full and the time of the database', async () => {
    const userId = await newUser();
    const [before] = await vault.database.query<{ now: Date }>('SELECT clock_timestamp()::timestamptz(3) AS now');
    await log.record({ userId, kind: 'session.started', ip: '2001:db8:1:2:3:4:5:6', device: 'laptop' });
    const [after] = await vault.database.query<{ now: Date }>('SELECT clock_timestamp()::timestamptz(3) AS now');
    const [event] = await eventsOf(userId);
    expect(event).toMatchObject({ kind: 'session.started', ip: '2001:db8:1:2:3:4:5:6', device: 'laptop' });
    expect(event?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(event?.createdAt.getTime()).toBeGreaterThanOrEqual(before?.now.getTime() ?? Infinity);
    expect(event?.createdAt.getTime()).toBeLessThanOrEqual(after?.now.getTime() ?? 0);
  });

  it('needs neither an address nor a device', async () => {
    const userId = await newUser();
    await log.record({ userId, kind: 'account.created' });
    expect(await eventsOf(userId)).toMatchObject([{ ip: null, device: null }]);
  });

  it('keeps 128 characters of the device, and no half of one', async () => {
    const userId = await newUser();
    await log.record({ userId, kind: 'device.new', device: `${'x'.repeat(127)}📷📷` });
    expect((await eventsOf(userId))[0]?.device).toBe(`${'x'.repeat(127)}📷`);
  });

  it('falls with the transaction that it belongs to', async () => {
    const userId = await newUser();
    const failing = dataSource.transaction(async (tx) => {
      await log.record({ userId, kind: 'email.changed' }, tx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await eventsOf(userId)).toEqual([]);
  });

  it('is an error when it is nobody’s', async () => {
    await expect(log.record({ userId: NOBODY, kind: 'pin.wrong' })).rejects.toThrow();
  });
});

describe('an event that is noted', () => {
  it('is written down after the answer', async () => {
    const userId = await newUser();
    log.note({ userId, kind: 'pin.wrong', ip: '192.0.2.7' });
    await eventually('it is there', async () => (await eventsOf(userId)).length === 1);
    expect(await eventsOf(userId)).toMatchObject([{ kind: 'pin.wrong', ip: '192.0.2.7' }]);
  });

  it('that cannot be written down is logged, and disturbs nobody', async () => {
    const userId = await newUser();
    await vault.database.query('ALTER TABLE security_events ADD CONSTRAINT ck_no_more CHECK (false) NOT VALID');
    try {
      log.note({ userId, kind: 'pin.wrong', ip: '192.0.2.77', device: 'lost laptop' });
      await eventually('the loss is logged', () => inLog('a security event was lost').length === 1);
    } finally {
      await vault.database.query('ALTER TABLE security_events DROP CONSTRAINT ck_no_more');
    }
    const line = inLog('a security event was lost')[0] ?? '';
    expect(JSON.parse(line)).toMatchObject({ level: 50, kind: 'pin.wrong', userId });
    expect(line).not.toMatch(/192\.0\.2\.77|lost laptop/);
  });

  it('of an account that was deleted meanwhile is not kept, and nothing is lost by that', async () => {
    const stopping = await startTestApp();
    const its = stopping.app.get(SecurityLog, { strict: false });
    its.note({ userId: NOBODY, kind: 'pin.wrong' });
    its.alert({ userId: NOBODY, kind: 'device.new' });
    // Whoever stops waits for both.
    await stopping.app.close();
    expect(stopping.logs.text).not.toContain('security event was lost');
    await stopping.close();
  });

  it('just before a stop is written down, and its alert mailed', async () => {
    const stopping = await startTestApp({ SMTP_URL: mailServer.url });
    const users = stopping.app.get(UsersService, { strict: false });
    const userId = await stopping.app.get(DataSource).transaction((tx) => users.ensure(tx, 'last@example.com'));
    stopping.app.get(SecurityLog, { strict: false }).note({ userId, kind: 'session.ended' });
    stopping.app.get(SecurityLog, { strict: false }).alert({ userId, kind: 'device.new' });
    await stopping.app.close();
    expect(await stopping.database.query('SELECT kind FROM security_events ORDER BY kind')).toEqual([
      { kind: 'device.new' },
      { kind: 'session.ended' },
    ]);
    expect(mailServer.mails.flatMap(({ envelope }) => envelope.to)).toContain('last@example.com');
    await stopping.close();
  });
});

describe('an alert', () => {
  it('is written down, and mailed to the owner with time, device and about where', async () => {
    const userId = await newUser('alice@example.com');
    log.alert({ userId, kind: 'device.new', ip: '192.0.2.7', device: 'Old phone' });
    const { text, headers } = await mailServer.mailTo('alice@example.com');
    const [event] = await eventsOf(userId);
    expect(event).toMatchObject({ kind: 'device.new', ip: '192.0.2.7', device: 'Old phone' });
    expect(headers.get('subject')).toBe('A new device in your Photovault');
    expect(text).toContain('Old phone');
    expect(text).toContain(inWords(event?.createdAt ?? new Date(0)));
    expect(text).toContain('192.0.x.x');
    expect(text).not.toContain('192.0.2.7');
    expect(text).toContain('https://photos.example');
  });

  it('is in no log: neither whom it went to nor what it said', async () => {
    const userId = await newUser('quiet@example.com');
    log.alert({ userId, kind: 'pin.wrong', ip: '198.51.100.7', device: 'Quiet phone' });
    await mailServer.mailTo('quiet@example.com');
    expect(vault.logs.text).not.toMatch(/quiet@|Quiet phone|198\.51\.100/);
  });

  it('is written down also where its mail cannot be made', async () => {
    const userId = await newUser();
    await vault.database.query("UPDATE users SET email_sealed = '\\x01' WHERE id = $1", [userId]);
    log.alert({ userId, kind: 'pin.step_up' });
    await eventually('it is there', async () => (await eventsOf(userId)).length === 1);
    const [event] = await eventsOf(userId);
    await eventually('the log names it', () => inLog(event?.id ?? '-').length === 1);
  });
});

describe('a walk through the security log', () => {
  let userId: string;

  beforeAll(async () => {
    userId = await newUser();
    await insertEvents(userId, 300);
    await insertEvents(await newUser(), 50);
  });

  it.each([1, 7, 100, 300, 1000])(
    'in pages of %i meets every event once, the newest first, however many share a moment',
    async (limit) => {
      const principal = { userId, sessionId: '', token: Buffer.alloc(32), device: '', fresh: false };
      const met: string[] = [];
      let after: Position | undefined;
      do {
        const { events, next } = await log.list(principal, { limit, after });
        expect(events.length).toBeLessThanOrEqual(limit);
        met.push(...events.map(({ id }) => id));
        after = next ?? undefined;
      } while (after);
      expect(met).toEqual((await eventsOf(userId)).map(({ id }) => id));
      expect(met).toHaveLength(300);
    },
  );
});

describe('a page of 20,000 events', () => {
  /** Remembers what was asked last, so that PostgreSQL can be asked how it finds that. */
  class RecordingStatements extends PreparedStatements {
    last?: { statement: PreparedStatement; values: readonly unknown[] };

    override async run<Row extends object>(statement: PreparedStatement, values: readonly unknown[]): Promise<Row[]> {
      this.last = { statement, values };
      return super.run(statement, values);
    }
  }

  it('is read from its index without sorting, at any depth at the same cost', async () => {
    const userId = await newUser();
    await insertEvents(userId, 20_000);
    for (let i = 0; i < 5; i++) await insertEvents(await newUser(), 2000);
    await vault.database.query('VACUUM ANALYZE security_events');
    const deep = (await eventsOf(userId))[19_500];
    if (!deep) throw new Error('no events');

    const statements = new RecordingStatements(dataSource);
    const events = new SecurityEventsRepository(dataSource.getRepository('SecurityEventEntity'), statements);
    const costs: number[] = [];
    for (const after of [undefined, { at: deep.createdAt, id: deep.id }]) {
      expect(await events.findPage(userId, 100, after)).toHaveLength(100);
      const { node, blocks } = await explain(statements.last);
      expect(node).not.toMatch(/Sort|Seq Scan|Bitmap/);
      expect(node).toContain('ix_security_events_user_id_created_at');
      costs.push(blocks);
    }
    expect(Math.max(...costs)).toBeLessThan(1.2 * Math.min(...costs) + 3);
  });

  async function explain(asked: RecordingStatements['last']): Promise<{ node: string; blocks: number }> {
    const { statement, values } = asked ?? { statement: { text: '' }, values: [] };
    const literals = values.map((value) => `'${value instanceof Date ? value.toISOString() : String(value)}'`);
    return withClient(vault.database.url, async (client) => {
      await client.query('SET plan_cache_mode = force_generic_plan');
      await client.query(`PREPARE page AS ${statement.text}`);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page(${literals.join(', ')})`,
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan ?? {};
      const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
      return { node: JSON.stringify(plan), blocks };
    });
  }
});

/** A few to each millisecond, in an order that has nothing to do with that of their ids. */
async function insertEvents(userId: string, count: number): Promise<void> {
  await vault.database.query(
    `INSERT INTO security_events (id, user_id, kind, ip, created_at)
     SELECT gen_random_uuid(), $1, 'session.started', '192.0.2.1',
            timestamptz '2026-01-01' + (n % (1 + $2::int / 7)) * interval '1 millisecond'
       FROM generate_series(1, $2::int) AS n`,
    [userId, count],
  );
}
