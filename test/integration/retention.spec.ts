import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { createDataSource } from '../../src/data-source';
import { AppConfig } from '../../src/platform/config/app-config';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { type RetentionRule, RetentionService } from '../../src/platform/jobs/retention.service';
import { createLogger } from '../../src/platform/logging/logger';
import { Metrics } from '../../src/platform/metrics/metrics';
import { UsersService } from '../../src/users/users.service';
import { LogLines } from '../support/log-lines';
import { startTestApp, type TestApp } from '../support/test-app';
import { eventually } from '../support/waiting';

let vault: TestApp;
let userId: string;

beforeAll(async () => {
  vault = await startTestApp();
  userId = await newUser('alice@example.com');
});
afterAll(() => vault.close());

async function newUser(email: string): Promise<string> {
  const users = vault.app.get(UsersService, { strict: false });
  return vault.app.get(DataSource).transaction((tx) => users.ensure(tx, email));
}

const bytes = () => randomBytes(32);
/** A moment of so many days ago, and a minute more or less. */
const ago = (days: number, minutes: number) =>
  `clock_timestamp() - interval '${days} days' + interval '${minutes} minutes'`;

interface Kept {
  readonly what: string;
  readonly days: number;
  /** Makes a row of which an end, or whatever its days count from, was at that moment. @returns its id */
  readonly make: (moment: string) => Promise<string | Buffer>;
  /** Whether a row has what the rule removes. */
  readonly isThere: string;
}

/** Every line of the table of days (security.md, section 4), with its default. */
const TABLE: readonly Kept[] = [
  {
    what: 'challenges',
    days: 1,
    isThere: 'SELECT FROM login_challenges WHERE id = $1',
    make: (moment) =>
      insert(
        'login_challenges (id, id_hash, user_id, email_bidx, device_hash, pin_mac, max_attempts, purpose, requester_hash, expires_at)',
        `$1, $2, $3, $2, $2, $2, 3, 'sign-in', $2, ${moment}`,
        [uuidv7(), bytes(), userId],
      ),
  },
  { what: 'sessions', days: 30, isThere: 'SELECT FROM sessions WHERE id = $1', make: (at) => session({ endedAt: at }) },
  {
    what: 'addresses of sessions',
    days: 30,
    isThere: 'SELECT FROM sessions WHERE id = $1 AND ip IS NOT NULL',
    make: (moment) => session({ createdAt: moment }),
  },
  {
    what: 'trusted devices',
    days: 0,
    isThere: 'SELECT FROM trusted_devices WHERE id = $1',
    make: (moment) =>
      insert('trusted_devices (id, user_id, token_hash, device_id, expires_at)', `$1, $2, $3, 'laptop', ${moment}`, [
        uuidv7(),
        userId,
        bytes(),
      ]),
  },
  {
    what: 'security events',
    days: 365,
    isThere: 'SELECT FROM security_events WHERE id = $1',
    make: (moment) => event(moment, null),
  },
  {
    what: 'addresses of security events',
    days: 30,
    isThere: 'SELECT FROM security_events WHERE id = $1 AND ip IS NOT NULL',
    make: (moment) => event(moment, '192.0.2.7'),
  },
  {
    what: 'share sessions',
    days: 0,
    isThere: 'SELECT FROM share_sessions WHERE id = $1',
    make: async (moment) => {
      const [shareId, openingId] = await opening('clock_timestamp()');
      const values = `$1, $2, $3, $3, date_trunc('second', ${moment})`;
      return insert('share_sessions (id, share_id, token_hash, key_sealed, expires_at)', values, [
        openingId,
        shareId,
        bytes(),
      ]);
    },
  },
  {
    what: 'keys of shares',
    days: 0,
    isThere: 'SELECT FROM shares WHERE id = $1 AND visitor_label_sealed IS NOT NULL',
    make: (moment) => share(moment),
  },
  {
    what: 'openings of shares',
    days: 365,
    isThere: 'SELECT FROM share_openings WHERE id = $1',
    make: async (moment) => (await opening(moment))[1],
  },
  {
    what: 'shares',
    days: 30,
    isThere: 'SELECT FROM shares WHERE id = $1',
    // Its keys are gone since its end.
    make: (moment) => share(moment, null),
  },
  {
    what: 'trashed files',
    days: 30,
    isThere: 'SELECT FROM files WHERE id = $1',
    make: (moment) => file(moment),
  },
  {
    what: 'trashed folders',
    days: 30,
    isThere: 'SELECT FROM folders WHERE id = $1',
    make: (moment) => folder(moment),
  },
  {
    what: 'mails about deleted accounts',
    days: 7,
    isThere: 'SELECT FROM account_deletions WHERE user_id = $1',
    make: (moment) =>
      insert(
        'account_deletions (user_id, stage, requested_by, mailbox_sealed, files, bytes, folders, shares, mail_after, removed_at)',
        `$1, 'removed', 'owner', $2, 0, 0, 0, 0, now() + interval '1 day', ${moment}`,
        [uuidv7(), bytes()],
      ),
  },
  {
    what: 'budgets',
    days: 0,
    isThere: 'SELECT FROM budgets WHERE key = $1',
    make: (moment) =>
      insert('budgets (key, spent_at, expires_at)', `$1, ARRAY[clock_timestamp()], ${moment}`, [bytes()]),
  },
  {
    what: 'step-up codes',
    days: 0,
    isThere: 'SELECT FROM step_up_codes WHERE email_bidx = $1',
    make: (moment) => insert('step_up_codes (email_bidx, code_mac, expires_at)', `$1, $1, ${moment}`, [bytes()]),
  },
];

async function insert(into: string, values: string, parameters: [string | Buffer, ...unknown[]]) {
  await vault.database.query(`INSERT INTO ${into} VALUES (${values})`, parameters);
  return parameters[0];
}

async function session({
  createdAt = 'clock_timestamp()',
  endedAt = 'NULL',
  idleExpiresAt = "clock_timestamp() + interval '1 day'",
}) {
  return insert(
    'sessions (id, user_id, token_hash, device_id, ip, idle_seconds, created_at, ended_at, idle_expires_at, expires_at)',
    `$1, $2, $3, 'laptop', '192.0.2.7', 1800, ${createdAt}, ${endedAt}, ${idleExpiresAt}, clock_timestamp() + interval '9 days'`,
    [uuidv7(), userId, bytes()],
  );
}

async function share(endsAt: string, label: Buffer | null = bytes()): Promise<string> {
  const id = uuidv7();
  await insert(
    'shares (id, owner_id, file_count, secret_hash, visitor_label_sealed, include_originals, expires_at)',
    `$1, $2, 1, $3, $4, false, date_trunc('second', ${endsAt})`,
    [id, userId, bytes(), label],
  );
  return id;
}

async function opening(moment: string): Promise<[shareId: string, id: string]> {
  const [shareId, id] = [await share("clock_timestamp() + interval '1 day'"), uuidv7()];
  await insert('share_openings (id, share_id, network, opened_at)', `$1, $2, '192.0.x.x', ${moment}`, [id, shareId]);
  return [shareId, id];
}

async function folder(trashedAt: string): Promise<string> {
  const id = uuidv7();
  const values = `$1, $2, $3, $3, $3, ${trashedAt}`;
  await insert('folders (id, owner_id, name_bidx, name_sealed, fk_wrapped, trashed_at)', values, [id, userId, bytes()]);
  return id;
}

async function file(trashedAt: string): Promise<string> {
  const [id, blobId, folderId] = [uuidv7(), uuidv7(), await folder('clock_timestamp()')];
  await insert(
    'blobs (id, owner_id, file_id, kind, state, ct_bytes, ct_crc32, header)',
    `$1, $2, $3, 0, 'ready', 1072, 0, decode(repeat('00', 56), 'hex')`,
    [blobId, userId, id],
  );
  await insert(
    'files (id, owner_id, folder_id, blob_id, fk_version, dek_wrapped, meta_sealed, name_bidx, content_bidx, trashed_at)',
    `$1, $2, $3, $4, 1, $5, $5, $5, $5, ${trashedAt}`,
    [id, userId, folderId, blobId, bytes()],
  );
  return id;
}

async function event(moment: string, ip: string | null) {
  return insert('security_events (id, user_id, kind, ip, created_at)', `$1, $2, 'pin.wrong', $3, ${moment}`, [
    uuidv7(),
    userId,
    ip,
  ]);
}

async function isThere({ isThere }: Pick<Kept, 'isThere'>, id: string | Buffer): Promise<boolean> {
  return (await vault.database.query(isThere, [id])).length === 1;
}

const retention = (of: TestApp = vault) => of.app.get(RetentionService, { strict: false });

describe('the sweeper', () => {
  it.each(TABLE.map((kept) => [kept.what, kept.days, kept] as const))(
    'removes %s after %i days, and not a minute before',
    async (_what, days, kept) => {
      const [late, early] = [await kept.make(ago(days, -1)), await kept.make(ago(days, 1))];
      await retention().sweep();
      expect([await isThere(kept, late), await isThere(kept, early)]).toEqual([false, true]);
    },
  );

  it('knows the lines of that table and no other, and logs how much it has removed', async () => {
    await retention().sweep();
    for (const { make, days } of TABLE) for (let i = 0; i < 2; i++) await make(ago(days, -1));
    const before = vault.logs.lines.length;
    await retention().sweep();
    const [line] = vault.logs.lines.slice(before).filter((each) => each.includes('"removed":'));
    const { removed } = JSON.parse(line ?? '{}') as { removed: Record<string, number> };
    expect(removed).toEqual(Object.fromEntries(TABLE.map(({ what }) => [what, 2])));
  });

  it('says nothing when there was nothing to remove', async () => {
    await retention().sweep();
    const before = vault.logs.lines.length;
    await retention().sweep();
    expect(vault.logs.lines.slice(before).filter((line) => line.includes('past its time'))).toEqual([]);
  });

  it('counts the days of a session that nobody ended from the day when it ran out', async () => {
    const [late, early] = await Promise.all([-1, 1].map((by) => session({ idleExpiresAt: ago(30, by) })));
    await retention().sweep();
    const there = 'SELECT FROM sessions WHERE id = $1';
    expect(await isThere({ isThere: there }, late ?? '')).toBe(false);
    expect(await isThere({ isThere: there }, early ?? '')).toBe(true);
  });

  it('leaves a live session and an event without their addresses as they are', async () => {
    const [live, past] = [await session({ createdAt: ago(31, 0) }), await event(ago(31, 0), '192.0.2.7')];
    await retention().sweep();
    expect(await vault.database.query('SELECT ip, device_id FROM sessions WHERE id = $1', [live])).toEqual([
      { ip: null, device_id: 'laptop' },
    ]);
    expect(await vault.database.query('SELECT ip, kind FROM security_events WHERE id = $1', [past])).toEqual([
      { ip: null, kind: 'pin.wrong' },
    ]);
  });

  it('on two processes at once removes the same, and neither fails', async () => {
    const other = await startTestApp({ DB_URL: vault.database.url, DATA_DIR: vault.dataDir });
    try {
      for (const { make, days } of TABLE) for (let i = 0; i < 20; i++) await make(ago(days, -1));
      const kept = await Promise.all(TABLE.map(async (each) => each.make(ago(each.days, 1))));
      await Promise.all([vault, other, vault, other].map((each) => retention(each).sweep()));
      expect(await Promise.all(TABLE.map((each, i) => isThere(each, kept[i] ?? '')))).toEqual(TABLE.map(() => true));
      for (const each of [vault, other]) expect(each.logs.text).not.toContain('could not be removed');
    } finally {
      await other.close();
    }
  });
});

describe('the days', () => {
  it('are settings', async () => {
    const other = await startTestApp({
      DB_URL: vault.database.url,
      DATA_DIR: vault.dataDir,
      RETENTION_CHALLENGE_DAYS: '2',
      RETENTION_SESSION_DAYS: '60',
      RETENTION_SHARE_DAYS: '5',
      RETENTION_EVENT_DAYS: '400',
      RETENTION_IP_DAYS: '7',
    });
    const days: Record<string, number> = {
      challenges: 2,
      sessions: 60,
      'addresses of sessions': 7,
      shares: 5,
      'security events': 400,
      'openings of shares': 400,
      'addresses of security events': 7,
    };
    try {
      for (const each of TABLE.filter(({ what }) => what in days)) {
        const at = days[each.what] ?? 0;
        const [late, early] = [await each.make(ago(at, -1)), await each.make(ago(at, 1))];
        await retention(other).sweep();
        expect([each.what, await isThere(each, late), await isThere(each, early)]).toEqual([each.what, false, true]);
      }
    } finally {
      await other.close();
    }
  });
});

describe('a retention service', () => {
  let dataSources: DataSource[];
  let log: LogLines;
  let services: RetentionService[];
  let jobs: JobsService[];

  beforeEach(async () => {
    log = new LogLines();
    const logger = createLogger('info', log);
    dataSources = await Promise.all([1, 2].map(() => createDataSource(vault.database.url).initialize()));
    jobs = dataSources.map((dataSource) => new JobsService(dataSource, logger, new Metrics(AppConfig.load({}))));
    services = jobs.map((each) => new RetentionService(each, logger));
  });
  afterEach(async () => {
    await Promise.all(jobs.map((each) => each.beforeApplicationShutdown()));
    await Promise.all(dataSources.map((each) => each.destroy()));
  });

  const rule = (what: string, purge: RetentionRule['purge']): RetentionRule => ({ what, days: 3, purge });

  it('logs a rule that fails by its name, and goes on with the others', async () => {
    const [service] = services as [RetentionService];
    service.register(rule('dust', () => Promise.reject(new Error('the broom is broken'))));
    service.register(rule('crumbs', (days) => Promise.resolve(days)));
    await service.sweep();
    const lines = log.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { level: 50, what: 'dust', err: { message: 'the broom is broken' } },
      { level: 30, removed: { crumbs: 3 } },
    ]);
  });

  it('refuses two rules for one thing', () => {
    const [service] = services as [RetentionService];
    service.register(rule('dust', () => Promise.resolve(0)));
    expect(() => service.register(rule('dust', () => Promise.resolve(0)))).toThrow('two retention rules for dust');
  });

  it('sweeps soon after its start, in one process at a time', async () => {
    // The application of this file has its own turn at the same lock.
    await eventually('nobody else sweeps', async () => {
      const rows = await vault.database.query(
        "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE locktype = 'advisory' AND datname = current_database()",
      );
      return rows.length === 0;
    });
    let [atWork, most, turns] = [0, 0, 0];
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const purge = async (): Promise<number> => {
      turns++;
      most = Math.max(most, ++atWork);
      await ended;
      atWork--;
      return 0;
    };
    for (const service of services) service.register(rule('dust', purge));
    for (const service of services) service.onApplicationBootstrap();
    await eventually('one of them is at it', () => turns > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    end();
    expect([turns, most]).toEqual([1, 1]);
  });
});
