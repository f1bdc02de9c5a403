// How long locks take: unlocking, a list of 1,000 photos in a locked folder, and locking and rekeying 10,000.
//   npm run bench:locks [-- --files 10000]
import { parseArgs } from 'node:util';
import { median, postJson, signUp, startFreshVault } from './fresh-vault.mjs';

const { values } = parseArgs({ options: { files: { type: 'string', default: '10000' } } });
const many = Number(values.files);
if (!Number.isInteger(many) || many < 1 || many > 100_000) throw new Error('--files takes 1 to 100000');

const PASSWORD = 'correct horse battery';
const UPLOADS_AT_ONCE = 16;
const ROUNDS = 9;
const PAGE = 200;

const vault = await startFreshVault({ UNLOCK_IDLE_SECONDS: '3600' });
try {
  const token = await signUp(vault, 'bench@example.com');
  const [large, small] = [await folderOf('large', many), await folderOf('small', 1000)];
  const rows = [];
  const note = (what, ms) => rows.push(`| ${what} | ${ms.toFixed(0)} |`);

  const openList = await times(() => listAll(small));
  note('lock 1,000 files', await timed(() => lock(small)));
  note(`lock ${many.toLocaleString('en')} files`, await timed(() => lock(large)));
  const unlocks = [];
  for (let round = 0; round < ROUNDS; round++) unlocks.push(await timed(() => unlock(large)));
  note('unlock', median(unlocks));
  await unlock(small);
  note('list 1,000 files by date, 5 pages, open', openList);
  note('list 1,000 files by date, 5 pages, locked', await times(() => listAll(small)));
  note(`first page of ${many.toLocaleString('en')} files by date, locked`, await times(() => list(large, '')));
  const change = { currentPassword: PASSWORD, newPassword: PASSWORD };
  note('change the password', await timed(() => ok(ask('PATCH', `/folders/${large}/lock`, change))));
  note(
    `rekey ${many.toLocaleString('en')} files`,
    await timed(() => ok(ask('PATCH', `/folders/${large}/lock`, { ...change, rekey: true }))),
  );
  console.log(`| what | ms |\n|---|---|\n${rows.join('\n')}`);

  function ask(method, path, json) {
    return postJson(vault.api + path, json, { method, token });
  }

  async function folderOf(name, count) {
    const { id } = await (await ok(ask('POST', '/folders', { name }))).json();
    let next = 0;
    const lane = async () => {
      for (let n = next++; n < count; n = next++) {
        const url = `${vault.api}/files/by-name/${n}.jpg?folderId=${id}&takenAt=${takenAt(n)}`;
        await ok(
          fetch(url, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body: photoOf(`${name} ${n}`) }),
        );
      }
    };
    await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, lane));
    return id;
  }

  async function lock(id) {
    await ok(ask('PUT', `/folders/${id}/lock`, { password: PASSWORD }));
  }

  async function unlock(id) {
    await ok(ask('POST', `/folders/${id}/unlock`, { password: PASSWORD }));
  }

  async function list(id, cursor) {
    const query = `folderId=${id}&order=taken&limit=${PAGE}${cursor && `&cursor=${cursor}`}`;
    return (await ok(fetch(`${vault.api}/files?${query}`, { headers: { authorization: `Bearer ${token}` } }))).json();
  }

  async function listAll(id) {
    for (let cursor = ''; cursor !== null;) cursor = (await list(id, cursor)).nextCursor;
  }
} finally {
  await vault.stop();
}

/** The smallest thing that begins like a photo, each of its own. @param {string} seed */
function photoOf(seed) {
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(seed)]);
}

/** Dates in no order. @param {number} n */
function takenAt(n) {
  return new Date(Date.UTC(2000, 0, 1) + ((n * 7919) % 10_007) * 3_600_000).toISOString();
}

/** @param {Promise<Response>} request */
async function ok(request) {
  const response = await request;
  if (!response.ok) throw new Error(`answered ${response.status}: ${await response.text()}`);
  return response;
}

/** @param {() => Promise<unknown>} work @returns {Promise<number>} milliseconds */
async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** @param {() => Promise<unknown>} work @returns {Promise<number>} median of a few, in milliseconds */
async function times(work) {
  const all = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await timed(work));
  return median(all);
}
