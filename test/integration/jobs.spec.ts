import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/data-source';
import { AppConfig } from '../../src/platform/config/app-config';
import { JobsService } from '../../src/platform/jobs/jobs.service';
import { createLogger } from '../../src/platform/logging/logger';
import { Metrics } from '../../src/platform/metrics/metrics';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { LogLines } from '../support/log-lines';
import { eventually } from '../support/waiting';

let database: TestDatabase;
let dataSources: DataSource[];
let log: LogLines;
let logger: Logger;
/** Jobs of two processes on one database. */
let here: JobsService;
let there: JobsService;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSources = await Promise.all([1, 2].map(() => createDataSource(database.url).initialize()));
});
afterAll(async () => {
  for (const dataSource of dataSources) await dataSource.destroy();
  await database.drop();
});
beforeEach(() => {
  log = new LogLines();
  logger = createLogger('info', log);
  [here, there] = dataSources.map(
    (dataSource) => new JobsService(dataSource, logger, new Metrics(AppConfig.load({}))),
  ) as [JobsService, JobsService];
});
afterEach(async () => {
  await Promise.all([here, there].map((jobs) => jobs.beforeApplicationShutdown()));
});

/** Work that goes on until it is told to end. */
function gate(): { work: () => Promise<void>; begun: Promise<void>; end: () => void } {
  let end!: () => void;
  let begin!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const work = async () => {
    begin();
    await ended;
  };
  return { begun, end, work };
}

const FROM_OUR_LOCKS = `FROM pg_locks JOIN pg_database ON pg_database.oid = database
  WHERE locktype = 'advisory' AND datname = current_database()`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a job', () => {
  it('is never at work twice at once, on whatever processes, and both get their turn', async () => {
    const turns: string[] = [];
    let atWork = 0;
    let most = 0;
    const work = (who: string) => async () => {
      most = Math.max(most, ++atWork);
      turns.push(who);
      await pause(7);
      atWork--;
    };
    here.every('sweep', 0.005, work('here'));
    there.every('sweep', 0.006, work('there'));
    await eventually('both had ten turns', () =>
      ['here', 'there'].every((who) => turns.filter((turn) => turn === who).length >= 10),
    );
    expect(most).toBe(1);
  });

  it('is left to whoever is at it, without waiting', async () => {
    const { work, begun, end } = gate();
    const first = here.alone('sweep', work);
    await begun;
    let second = 0;
    await there.alone('sweep', () => Promise.resolve(void second++));
    expect(second).toBe(0);
    end();
    await first;
    await there.alone('sweep', () => Promise.resolve(void second++));
    expect(second).toBe(1);
  });

  it('does not keep another job from its work', async () => {
    const { work, begun, end } = gate();
    const first = here.alone('sweep', work);
    await begun;
    let other = 0;
    await Promise.all([here, there].map((jobs, i) => jobs.alone(`other ${i}`, () => Promise.resolve(void other++))));
    expect(other).toBe(2);
    end();
    await first;
  });

  it('that fails is logged by its name, and comes again', async () => {
    let rounds = 0;
    here.every('sweep', 0.01, () => {
      rounds++;
      return Promise.reject(new Error('the disk is on fire'));
    });
    await eventually('there were three rounds', () => rounds >= 3);
    await here.beforeApplicationShutdown();
    const lines = log.lines.map((line) => JSON.parse(line) as { level: number; job: string; err: { message: string } });
    expect(lines).toHaveLength(rounds);
    expect(lines[0]).toMatchObject({ level: 50, job: 'sweep', err: { message: 'the disk is on fire' } });
  });

  it('that fails lets go of its lock', async () => {
    await expect(here.alone('sweep', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    let done = false;
    await there.alone('sweep', () => Promise.resolve(void (done = true)));
    expect(done).toBe(true);
    expect(await database.query(`SELECT pid ${FROM_OUR_LOCKS}`)).toEqual([]);
  });

  it('that lasts longer than its interval is not begun again meanwhile', async () => {
    const { work, begun, end } = gate();
    let rounds = 0;
    here.every('sweep', 0.005, () => {
      rounds++;
      return work();
    });
    await begun;
    await pause(60);
    expect(rounds).toBe(1);
    end();
    await eventually('it has come again', () => rounds > 1);
  });

  it('is waited for at shutdown, and no round begins after that', async () => {
    const { work, begun, end } = gate();
    let rounds = 0;
    here.every('sweep', 0.005, () => {
      rounds++;
      return work();
    });
    await begun;
    let isDown = false;
    const down = here.beforeApplicationShutdown().then(() => (isDown = true));
    await pause(50);
    expect(isDown).toBe(false);
    end();
    await down;
    await pause(50);
    expect(rounds).toBe(1);
  });

  it('that was announced just before a shutdown is not begun', async () => {
    let rounds = 0;
    here.every('sweep', 0.005, () => Promise.resolve(void rounds++));
    await here.beforeApplicationShutdown();
    await pause(50);
    expect(rounds).toBe(0);
  });

  it('is free for others when the process that was at it has died', async () => {
    const dying = await createDataSource(database.url).initialize();
    const { work, begun, end } = gate();
    const lost = new JobsService(dying, logger, new Metrics(AppConfig.load({}))).alone('sweep', work);
    await begun;
    await database.query(`SELECT pg_terminate_backend(pid) ${FROM_OUR_LOCKS}`);
    let done = false;
    await eventually('another has taken over', async () => {
      await there.alone('sweep', () => Promise.resolve(void (done = true)));
      return done;
    });
    end();
    await expect(lost).rejects.toThrow();
    await dying.destroy();
  });
});
