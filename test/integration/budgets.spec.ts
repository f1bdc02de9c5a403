import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { type Budget, BudgetsRepository } from '../../src/platform/budgets/budgets.repository';
import { startTestApp, type TestApp } from '../support/test-app';

/** Rolling budgets, the truth of every limit on PINs (security design, section 3). */
let vault: TestApp;
let budgets: BudgetsRepository;
let dataSource: DataSource;

beforeAll(async () => {
  vault = await startTestApp();
  budgets = vault.app.get(BudgetsRepository, { strict: false });
  dataSource = vault.app.get(DataSource);
});
afterAll(() => vault.close());

const DAY = 86_400;

function budget(...windows: [limit: number, seconds: number][]): Budget {
  return { key: randomBytes(32), windows: windows.map(([limit, seconds]) => ({ limit, seconds })) };
}

const spend = (of: Budget) => dataSource.transaction((tx) => budgets.spend(tx, of));

/** Lets time pass for a bucket. */
async function wait({ key }: Budget, seconds: number): Promise<void> {
  await vault.database.query(
    `UPDATE budgets SET spent_at = ARRAY(SELECT s - make_interval(secs => $2) FROM unnest(spent_at) AS s ORDER BY s),
            expires_at = expires_at - make_interval(secs => $2) WHERE key = $1`,
    [key, seconds],
  );
}

describe('a rolling budget', () => {
  it('counts what is spent, and refuses when it is all gone', async () => {
    const of = budget([3, DAY]);
    expect([await spend(of), await spend(of), await spend(of), await spend(of)]).toEqual([1, 2, 3, null]);
  });

  it('is exact when 100 spend at the same moment', async () => {
    const of = budget([10, DAY]);
    await dataSource.transaction((tx) => budgets.isSpent(tx, of));
    const spent = await Promise.all(Array.from({ length: 100 }, () => spend(of)));
    expect(spent.filter((each) => each !== null).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('comes back unit by unit as each grows old, not all at once', async () => {
    const of = budget([2, 100]);
    await spend(of);
    await wait(of, 60);
    await spend(of);
    expect(await spend(of)).toBeNull();
    await wait(of, 50);
    expect(await spend(of)).toBe(2);
    expect(await spend(of)).toBeNull();
  });

  it('holds every one of its windows', async () => {
    const of = budget([2, 3600], [3, DAY]);
    expect([await spend(of), await spend(of), await spend(of)]).toEqual([1, 2, null]);
    await wait(of, 3601);
    expect([await spend(of), await spend(of)]).toEqual([3, null]);
    await wait(of, DAY - 3600);
    expect(await spend(of)).toBe(2);
  });

  it('is as it was after a refund', async () => {
    const of = budget([2, DAY]);
    await spend(of);
    await dataSource.transaction(async (tx) => {
      expect(await budgets.spend(tx, of)).toBe(2);
      await budgets.refund(tx, of);
    });
    expect([await spend(of), await spend(of)]).toEqual([2, null]);
  });

  it('is not touched by a transaction that fails', async () => {
    const of = budget([1, DAY]);
    const failing = dataSource.transaction(async (tx) => {
      expect(await budgets.spend(tx, of)).toBe(1);
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await spend(of)).toBe(1);
  });

  it('says whether it is spent, and for how long', async () => {
    const of = budget([2, 100], [3, DAY]);
    const state = async () => [
      await budgets.isSpent(dataSource.manager, of),
      await budgets.secondsUntilFree(dataSource.manager, of),
    ];
    expect(await state()).toEqual([false, 0]);
    await spend(of);
    await wait(of, 30);
    expect(await state()).toEqual([false, 0]);
    await spend(of);
    expect(await state()).toEqual([true, 70]);
    await wait(of, 70);
    expect(await state()).toEqual([false, 0]);
    await spend(of);
    expect(await state()).toEqual([true, DAY - 100]);
  });

  it('is forgotten when nothing in it counts any more', async () => {
    const [old, young] = [budget([1, 100]), budget([1, 200])];
    await spend(old);
    await spend(young);
    await wait(old, 101);
    await wait(young, 101);
    expect(await budgets.deleteExpired()).toBeGreaterThanOrEqual(1);
    const rows = await vault.database.query('SELECT key FROM budgets WHERE key = ANY($1)', [[old.key, young.key]]);
    expect(rows).toEqual([{ key: young.key }]);
  });
});
