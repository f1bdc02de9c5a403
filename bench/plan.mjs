/** @typedef {'upload' | 'multipart' | 'download' | 'range'} Kind */

/**
 * One row of the table.
 * @typedef {object} Phase
 * @property {string} name
 * @property {Kind} kind
 * @property {number} size bytes of each file
 * @property {number} clients requests in flight
 * @property {number} count requests, unless the time runs out first
 * @property {number} seconds no request is started after these
 * @property {'files/s' | 'MB/s' | 'ranges/s'} unit MB = 10^6 bytes
 */

export const RANGE_BYTES = 65_536;

const KB = 1_000;
const MiB = 1_048_576;

/**
 * What is measured, in order: a download finds what the uploads before it have left.
 * @param {boolean} quick small numbers for a look; the full plan is what is published
 * @returns {Phase[]}
 */
export function createPlan(quick) {
  const seconds = quick ? 1.5 : 10;
  const large = quick ? 64 * MiB : 1024 * MiB;
  const largeName = quick ? '64 MiB' : '1 GiB';

  /**
   * @param {Kind} kind
   * @param {string} label
   * @param {number} size
   * @param {Phase['unit']} unit
   * @param {Record<number, number>} counts by clients
   * @returns {Phase[]}
   */
  const rows = (kind, label, size, unit, counts) =>
    Object.entries(counts).map(([clients, count]) => {
      const name = `${label} ×${clients}`;
      return {
        name,
        kind,
        size,
        clients: Number(clients),
        count: quick ? Math.ceil(count / 10) : count,
        seconds,
        unit,
      };
    });

  const upload100K = rows('upload', 'upload 100 KB', 100 * KB, 'files/s', { 1: 500, 4: 1_500, 16: 3_000 });
  const upload4M = rows('upload', 'upload 4 MiB', 4 * MiB, 'MB/s', { 1: 40, 4: 100, 16: 240 });
  const multipart4M = rows('multipart', 'multipart upload 4 MiB', 4 * MiB, 'MB/s', { 4: 100 });
  const upload1G = rows('upload', `upload ${largeName}`, large, 'MB/s', { 1: 1 });
  const download100K = rows('download', 'download 100 KB', 100 * KB, 'files/s', { 1: 2_000, 4: 6_000, 16: 10_000 });
  const download4M = rows('download', 'download 4 MiB', 4 * MiB, 'MB/s', { 1: 100, 4: 300, 16: 500 });
  const download1G = rows('download', `download ${largeName}`, large, 'MB/s', { 1: 1 });
  const ranges = rows('range', `64 KiB ranges of ${largeName}`, large, 'ranges/s', { 1: 3_000, 4: 10_000, 16: 16_000 });

  return [
    ...upload100K,
    ...upload4M,
    ...multipart4M,
    ...upload1G,
    ...download100K,
    ...download4M,
    ...download1G,
    ...ranges,
  ];
}

/**
 * What runs before the first measurement, and is not measured: the same requests in small numbers, so that code is
 * compiled, pools are filled and files are laid out.
 * @param {boolean} quick
 * @returns {Phase[]}
 */
export function createWarmUp(quick) {
  const wanted = new Map([
    [100 * KB, quick ? 100 : 800],
    [4 * MiB, quick ? 8 : 32],
  ]);
  return createPlan(quick)
    .filter(({ kind, size, clients }) => clients === 4 && kind !== 'range' && wanted.has(size))
    .map((phase) => ({ ...phase, name: `warm-up ${phase.name}`, count: wanted.get(phase.size) ?? 0, seconds: 5 }));
}
