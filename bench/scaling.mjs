// What a million files of one owner cost against a thousand, and how many sessions a core looks up: the measured part of docs/scaling.md.
//   npm run bench:scaling [-- --files 1000000 --rounds 40]
import { createHash } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createClient } from './client.mjs';
import { median, signUp, startFreshVault } from './fresh-vault.mjs';
import { canMeasure } from './process-tree.mjs';
import {
  dateByPhoto,
  fillWithFiles,
  fillWithOwners,
  fillWithSessions,
  openDatabase,
  pagesRead,
  runPrepared,
  sessionStatement,
  settle,
  sizes,
} from './scaling-rows.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '40' },
    lookups: { type: 'string', default: '20000' },
  },
});
const [many, rounds, lookups] = [
  atLeast('files', values.files, 10_000),
  atLeast('rounds', values.rounds, 4),
  atLeast('lookups', values.lookups, 1000),
];
if (!canMeasure) throw new Error('CPU time is read from /proc, which only Linux has');

/** Files of the small owner; the large one has the same, and the rest between them. */
const FEW = 1000;
/** Those that are uploaded lie together in blocks, years apart: what is between them is never shown. */
const BLOCK = 200;
const BLOCKS = FEW / BLOCK;
const YEAR_MS = 365.25 * 86_400_000;
const DAY_MS = 86_400_000;
const NEWEST_MS = Date.UTC(2026, 0, 1);
const PAGE = 100;
/** Half a page: cursors are kept from the middle of a block, so that a page from there stays within it. */
const STEP = 50;
const LANES = 8;
const ORDERS = ['taken', 'created'];

const vault = await startFreshVault();
const db = await openDatabase(vault.dataDir);
const http = createClient(new URL(vault.api), { connections: LANES });
try {
  console.error('uploading…');
  const small = await owner('small@example.com');
  const large = await owner('large@example.com');
  await dateByPhoto(db);
  const before = { small: await pagesOf(small), large: await pagesOf(large) };
  console.error('filling…');
  const gaps = Array.from({ length: BLOCKS - 1 }, (_, b) => [
    dateOf((b + 1) * BLOCK) + DAY_MS,
    dateOf((b + 1) * BLOCK - 1) - DAY_MS,
  ]);
  const like = large.fileId;
  await fillWithFiles(db, { like, count: many - FEW, gaps, folders: [large.folderId] });
  await fillWithFiles(db, { like, count: many / 10, gaps, folders: await fillWithOwners(db, many / 1000) });
  await fillWithSessions(db, many);
  await settle(db);
  const cells = before.small.map((ofSmall, n) => ({ ...ofSmall, paths: [ofSmall.path, before.large[n].path] }));
  for (const [n, { name }] of cells.entries()) {
    for (const [who, kept] of [
      [small, before.small[n]],
      [large, before.large[n]],
    ]) {
      if ((await get(who, kept.path)).ids !== kept.ids) throw new Error(`${name}: not the page that it was`);
    }
  }
  console.error('measuring…');
  const [ofFew, ofMany] = [FEW, many].map((count) => `of ${count.toLocaleString('en')}`);
  const pages = [];
  for (const { name, paths } of cells) pages.push([name, ...(await compare(paths, rounds))]);
  for (const path of ['/users/me', '/folders']) pages.push([`GET ${path}`, ...(await compare([path, path], 12))]);
  table(
    ['median of one request', `${ofFew}, ms`, `${ofMany}, ms`, 'ratio'],
    pages.map(([name, a, b]) => [name, a.toFixed(2), b.toFixed(2), (b / a).toFixed(2)]),
  );
  const costs = [];
  for (const name of ['first page by taken', 'deep page by taken']) costs.push([name, ...(await costOf(name))]);
  table(
    ['one request', `CPU ms ${ofFew}`, ofMany, 'ratio', `database pages ${ofFew}`, ofMany],
    costs.map(([name, a, b]) => [
      ...[name, a.cpu.toFixed(2), b.cpu.toFixed(2), (b.cpu / a.cpu).toFixed(2)],
      ...[a.pages.toFixed(0), b.pages.toFixed(0)],
    ]),
  );
  table([`among ${many.toLocaleString('en')} sessions`, 'CPU µs', 'a second and core'], await sessionCosts());
  table(
    ['bytes of a row', 'rows', 'itself', 'in the table', 'in indexes', 'both'],
    (await sizes(db)).map(({ name, rows, row, table: heap, indexes }) => [
      ...[name, rows, row.toFixed(0), heap.toFixed(0), indexes.toFixed(0), (heap + indexes).toFixed(0)],
    ]),
  );
  const load = loadavg().map((each) => each.toFixed(1));
  console.log(`Load of the machine at the end (1, 5, 15 minutes): ${load.join(', ')}; ${cpus().length} cores.`);

  /** @param {string} email */
  async function owner(email) {
    const token = await signUp(vault, email);
    const headers = { authorization: `Bearer ${token}` };
    const upload = async (n) => {
      const body = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(`${email} ${n}`)]);
      const path = `/files/by-name/IMG_${String(n).padStart(4, '0')}.jpg?takenAt=${new Date(dateOf(n)).toISOString()}`;
      const exchange = { method: 'PUT', path: `/api/v1${path}`, headers, size: body.length, body: [body], status: 201 };
      return JSON.parse((await http.send(exchange)).text);
    };
    const { id: fileId, folderId } = await upload(0);
    await inLanes(FEW - 1, (n) => upload(n + 1));
    return { token, headers, fileId, folderId };
  }

  /** First and deep pages in each order, of everything and of the folder. */
  async function pagesOf(who) {
    const found = [];
    for (const order of ORDERS) {
      for (const [where, scope] of [
        ['', ''],
        [', in a folder', `&folderId=${who.folderId}`],
      ]) {
        const query = `/files?order=${order}${scope}`;
        let cursor = '';
        // To the middle of the last block.
        for (let n = 0; n < FEW - BLOCK + STEP; n += STEP) {
          cursor = `&cursor=${(await get(who, `${query}&limit=${STEP}${cursor}`)).nextCursor}`;
        }
        for (const [depth, from] of [
          ['first', ''],
          ['deep', cursor],
        ]) {
          const path = `${query}&limit=${PAGE}${from}`;
          found.push({ name: `${depth} page by ${order}${where}`, path, ids: (await get(who, path)).ids });
        }
      }
    }
    return found;
  }

  async function get({ headers }, path) {
    const { text } = await http.send({ method: 'GET', path: `/api/v1${path}`, headers, status: 200 });
    const body = JSON.parse(text);
    return { nextCursor: body.nextCursor, ids: JSON.stringify(body.items?.map(({ id }) => id)) };
  }

  /** Both owners in turn; who goes first changes. @returns {Promise<[number, number]>} medians in ms */
  async function compare(paths, times) {
    const ms = [[], []];
    for (let round = 0; round < times; round++) {
      for (const which of round % 2 ? [1, 0] : [0, 1]) {
        const began = performance.now();
        await get([small, large][which], paths[which]);
        ms[which].push(performance.now() - began);
      }
    }
    return ms.map(median);
  }

  /** CPU time of server and database for one request, in blocks in the order A B B A, and then database pages. */
  async function costOf(name) {
    const { paths } = cells.find((cell) => cell.name === name);
    const spent = [0, 1].map(() => ({ cpu: 0, pages: 0 }));
    const ask = async (which, times) => {
      for (let n = 0; n < times; n++) await get([small, large][which], paths[which]);
    };
    for (const which of [0, 1, 1, 0]) {
      const end = vault.server.tree.measure();
      await ask(which, rounds * 2);
      spent[which].cpu += (end().treeCpuSeconds * 1000) / (rounds * 4);
    }
    let sofar = await pagesRead(db);
    for (const which of [0, 1]) {
      await ask(which, rounds);
      const now = await pagesRead(db);
      spent[which].pages = (now - sofar) / rounds;
      sofar = now;
    }
    return spent;
  }

  async function sessionCosts() {
    const over = async (path, status) => {
      const end = vault.server.tree.measure();
      await inLanes(lookups / 4, () =>
        http.send({ method: 'GET', path: `/api/v1${path}`, headers: small.headers, status }),
      );
      const { serverCpuSeconds, treeCpuSeconds } = end();
      return { process: serverCpuSeconds, all: treeCpuSeconds, times: lookups / 4 };
    };
    await over(`/files/${small.fileId}`, 200);
    const [file, nothing] = [await over(`/files/${small.fileId}`, 200), await over('/files/none', 404)];
    const hash = createHash('sha256')
      .update(Buffer.from(small.token.slice(4, 47), 'base64url'))
      .digest();
    const text = await sessionStatement(db);
    await runPrepared(db, text, [hash, 600], 1000);
    const bare = await runPrepared(db, text, [hash, 600], lookups);
    const row = (name, seconds, times) => [name, ((seconds / times) * 1e6).toFixed(0), (times / seconds).toFixed(0)];
    return [
      row('the statement, in the database', bare.database, lookups),
      row('the statement, in database and driver', bare.database + bare.driver, lookups),
      row('a request that looks up its session and finds no file, server and database', nothing.all, nothing.times),
      row('a request for what is known of a file, server and database', file.all, file.times),
      row('the same, the server alone', file.process, file.times),
    ];
  }
} finally {
  http.close();
  await db.end();
  await vault.stop();
}

/** When the n-th photo was taken, in ms: newest first, a minute apart, blocks five years apart. @param {number} n */
function dateOf(n) {
  return NEWEST_MS - Math.floor(n / BLOCK) * 5 * YEAR_MS - (n % BLOCK) * 60_000;
}

/** @param {number} count @param {(n: number) => Promise<unknown>} work */
async function inLanes(count, work) {
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < count; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** @param {string[]} head @param {(string | number)[][]} rows */
function table(head, rows) {
  console.log(`| ${head.join(' | ')} |\n|${head.map((_, n) => (n ? '---:' : '---')).join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log('');
}

/** @param {string} name @param {string} value @param {number} least */
function atLeast(name, value, least) {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least) throw new Error(`--${name} takes ${least} or more`);
  return number;
}
