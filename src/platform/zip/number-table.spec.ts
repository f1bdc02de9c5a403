import { NumberTable } from './number-table';

describe('a number table', () => {
  it('knows what it was told, and nothing else, however much that is', () => {
    const table = new NumberTable();
    expect(table.get('a')).toBeUndefined();
    const count = 5000;
    for (let i = 0; i < count; i++) table.set(`key ${i}`, i % 7);
    for (let i = 0; i < count; i++) expect(table.get(`key ${i}`)).toBe(i % 7);
    expect(table.get(`key ${count}`)).toBeUndefined();
    expect(table.get('')).toBeUndefined();
  });

  it('keeps the last number of a key', () => {
    const table = new NumberTable();
    for (const number of [0, 1, 70_000, 2 ** 32 - 2, 0]) {
      table.set('a', number);
      table.set('b', 5);
      expect([table.get('a'), table.get('b')]).toEqual([number, 5]);
    }
  });
});
