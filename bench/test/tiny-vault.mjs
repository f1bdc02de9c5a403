// A server that speaks Photovault's contract as far as the benchmark uses it, keeps everything in memory, and misbehaves
// on demand (FAULT), so that the tests can see whether the benchmark notices.
import { createHash, randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';

const { PORT, FAULT } = process.env;
const TOKEN = 'tiny-token';
const PIN = String(randomInt(10_000)).padStart(4, '0');

/** @type {Map<string, Buffer>} */
const files = new Map();

/** @param {import('node:http').ServerResponse} res @param {number} status @param {object} [content] */
function json(res, status, content = {}) {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
}

/** @param {Buffer} body multipart/form-data with one part */
function partOf(body) {
  const start = body.indexOf('\r\n\r\n') + 4;
  const boundary = body.subarray(0, body.indexOf('\r\n'));
  const name = /filename="([^"]+)"/.exec(body.toString('latin1', 0, start))?.[1] ?? '';
  return { name, content: body.subarray(start, body.lastIndexOf(boundary) - 2) };
}

/** @param {import('node:http').ServerResponse} res @param {string} name @param {Buffer} content */
function keep(res, name, content) {
  const duplicate = files.has(name);
  files.set(name, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  json(res, duplicate ? 200 : 201, { id: name, name, size: content.length, sha256 });
}

/** @param {import('node:http').ServerResponse} res @param {Buffer} content @param {string | undefined} range */
function serve(res, content, range) {
  let [start, end] = range ? range.replace('bytes=', '').split('-').map(Number) : [0, content.length - 1];
  if (range && FAULT === 'shifted-range') [start, end] = [start - 1, end - 1];
  const sent = Buffer.from(content.subarray(start, end + 1));
  if (FAULT === 'flipped-bit') sent[sent.length >> 1] ^= 1;
  res.writeHead(range ? 206 : 200, { 'content-length': sent.length });
  if (FAULT === 'cut') res.write(sent.subarray(0, 100), () => res.destroy());
  else res.end(sent);
}

createServer(async (req, res) => {
  const url = req.url ?? '';
  if (url === '/health/ready') return json(res, 200);
  const body = await buffer(req).catch(() => undefined);
  if (!body) return undefined; // The client has gone.
  if (url === '/api/v1/users') {
    console.log(JSON.stringify({ level: 'info', msg: `PIN ${PIN} for ${JSON.parse(body.toString()).email}` }));
    return json(res, 202, { challengeId: 'c1', expiresIn: 300 });
  }
  if (url === '/api/v1/auth/sessions') {
    const { challengeId, pin } = JSON.parse(body.toString());
    return challengeId === 'c1' && pin === PIN ? json(res, 201, { sessionToken: TOKEN }) : json(res, 401);
  }
  if (req.headers.authorization !== `Bearer ${TOKEN}`) return json(res, 401);
  if (url === '/api/v1/files') {
    const { name, content } = partOf(body);
    return keep(res, name, content);
  }
  const name = /^\/api\/v1\/files\/by-name\/([^/]+)/.exec(url)?.[1] ?? '';
  if (req.method === 'PUT') return FAULT === 'full' && files.size > 150 ? json(res, 507) : keep(res, name, body);
  const content = files.get(name);
  return content ? serve(res, content, req.headers.range) : json(res, 404);
}).listen(Number(PORT), '127.0.0.1');
