import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createClient } from './client.mjs';
import { fill, fillAll, pick } from './placeholders.mjs';
import { ServerProcess, run } from './server-process.mjs';
import { signIns } from './sign-in.mjs';

/** @typedef {import('./corpus.mjs').CorpusFile} CorpusFile */
/** @typedef {ReturnType<typeof createClient>} Client */

/**
 * @typedef {object} UploadShape
 * @property {string} method
 * @property {string} path
 * @property {number} status the answer that means "stored"
 * @property {Record<string, string>} [headers]
 * @property {string} [field] send multipart/form-data with the file in this field, instead of the raw bytes
 * @property {Record<string, string>} [answer] values to keep from the JSON answer: name → dotted path
 */

/**
 * What a peer's JSON file holds; its strings may contain {placeholders}, see README.md.
 * @typedef {object} Description
 * @property {string} name
 * @property {boolean} [optional] leave it out, loudly, where `prepare` fails; otherwise that is an error
 * @property {Record<string, string>} [files] written into {dir} before the start: name there → name beside the description
 * @property {string[][]} [prepare] commands to run before the start
 * @property {{ command: string, args: string[], env?: Record<string, string>, readyPath: string, readyStatus?: number }} [start]
 *   without it the server is already running, and neither its CPU nor its memory can be quoted
 * @property {string} baseUrl
 * @property {string} [ca] PEM file of the certificate to trust
 * @property {string} [signIn] a step of sign-in.mjs
 * @property {Record<string, string>} [headers] sent with every upload and download
 * @property {UploadShape} upload
 * @property {UploadShape} [multipart] a second way to upload, measured in rows of its own
 * @property {{ path: string, headers?: Record<string, string>, ranges?: boolean }} download `ranges: false`: it has none
 */

/** @typedef {{ description: Description, home: string }} PeerFile `home`: the folder of the description */

/** @typedef {{ file: CorpusFile, values: Record<string, string> }} Stored an uploaded file and what leads back to it */

const BENCH = dirname(fileURLToPath(import.meta.url));
const REPOSITORY = dirname(BENCH);
const BOUNDARY = 'photovault-bench-3f9c2a71d04e';

/** An optional peer cannot run here: its program is missing or lacks a module. */
export class PeerAbsentError extends Error {}

/**
 * @param {string} nameOrPath a file of bench/peers without its ending, or the path of a JSON file
 * @returns {Promise<PeerFile>}
 */
export async function readPeer(nameOrPath) {
  const known = (await readdir(join(BENCH, 'peers'))).includes(`${nameOrPath}.json`);
  const path = known ? join(BENCH, 'peers', `${nameOrPath}.json`) : resolve(nameOrPath);
  return { description: JSON.parse(await readFile(path, 'utf8')), home: dirname(path) };
}

/** A server under test: started, signed in, and able to take and give files of the corpus. */
export class Peer {
  /**
   * What the upload phases have left, by size in bytes.
   * @type {Map<number, Stored[]>}
   */
  stored = new Map();

  /** @type {ServerProcess | undefined} */
  #server;
  /** @type {Record<string, string>} */
  #headers = {};
  /** @type {string | undefined} */
  #ca;
  /** @type {Record<string, string>} */
  #values;

  /**
   * @param {Description} description
   * @param {Record<string, string>} values of the placeholders
   */
  constructor(description, values) {
    this.description = description;
    this.#values = values;
    this.baseUrl = new URL(fill(description.baseUrl, values));
  }

  /**
   * Starts the server (where the description says how), waits until it is ready, signs in.
   * @param {PeerFile} peerFile
   * @param {string} dir an empty directory for everything it stores
   * @returns {Promise<Peer>}
   * @throws PeerAbsentError where an optional peer cannot run here
   */
  static async start({ description, home }, dir) {
    const values = { dir, repository: REPOSITORY, node: process.execPath, port: await freePort() };
    const peer = new Peer(description, values);
    try {
      await peer.#prepare(home);
      if (description.ca) peer.#ca = await readFile(fill(description.ca, values), 'utf8');
      if (description.start) await peer.#launch(description.start);
      peer.#headers = { ...fillAll(description.headers, values), ...(await peer.#signIn()) };
      return peer;
    } catch (error) {
      await peer.stop();
      if (error instanceof Error) error.message = `${description.name}: ${error.message}`;
      throw error;
    }
  }

  get name() {
    return this.description.name;
  }

  /** CPU and memory of the server; undefined for one that the benchmark has not started, and outside Linux. */
  get tree() {
    return this.#server?.tree;
  }

  /** @param {number} connections */
  client(connections) {
    return createClient(this.baseUrl, { connections, ca: this.#ca });
  }

  /**
   * @param {Client} client
   * @param {CorpusFile} file
   * @param {'upload' | 'multipart'} way
   */
  async upload(client, file, way) {
    const shape = this.description[way];
    if (!shape) throw new Error(`${this.name} has no ${way} shape`);
    const known = { ...this.#values, name: file.name, size: String(file.size), sha256: file.sha256() };
    const { type, size, body } = shape.field ? multipart(file, shape.field) : raw(file);
    const answer = await client.send({
      method: shape.method,
      path: fill(shape.path, known),
      headers: { ...this.#headers, 'content-type': type, ...fillAll(shape.headers, known) },
      size,
      body,
      status: shape.status,
    });
    const { location } = answer.headers;
    const values = {
      ...known,
      ...(location && { location: new URL(location, this.baseUrl).pathname }),
      ...(shape.answer && pick(answer.text, shape.answer)),
    };
    const stored = this.stored.get(file.size);
    if (stored) stored.push({ file, values });
    else this.stored.set(file.size, [{ file, values }]);
  }

  /**
   * Downloads a whole file and checks its sha-256.
   * @param {Client} client
   * @param {Stored} stored
   */
  async download(client, stored) {
    const hash = createHash('sha256');
    const { path, headers } = this.#downloadOf(stored);
    await client.send({ method: 'GET', path, headers, status: 200, onData: (chunk) => hash.update(chunk) });
    if (hash.digest('hex') !== stored.file.sha256()) throw new Error(`GET ${path}: wrong sha-256`);
  }

  /**
   * Downloads the bytes [start, end) and compares each with the corpus.
   * @param {Client} client
   * @param {Stored} stored
   * @param {number} start
   * @param {number} end
   */
  async downloadRange(client, stored, start, end) {
    const { path, headers } = this.#downloadOf(stored);
    const range = `bytes=${start}-${end - 1}`;
    let at = start;
    let right = true;
    const onData = (/** @type {Buffer} */ chunk) => {
      right &&= stored.file.matches(at, chunk);
      at += chunk.length;
    };
    await client.send({ method: 'GET', path, headers: { ...headers, range }, status: 206, onData });
    if (!right || at !== end) throw new Error(`GET ${path}: wrong bytes for ${range}`);
  }

  async stop() {
    await this.#server?.stop();
  }

  /** @param {Stored} stored */
  #downloadOf({ values }) {
    const { path, headers } = this.description.download;
    return { path: fill(path, values), headers: { ...this.#headers, ...fillAll(headers, values) } };
  }

  /** @param {string} home */
  async #prepare(home) {
    const { files = {}, prepare = [], optional } = this.description;
    for (const [target, source] of Object.entries(files)) {
      const text = await readFile(join(home, source), 'utf8');
      await writeFile(join(this.#values.dir, target), fill(text, this.#values));
    }
    for (const command of prepare) {
      try {
        await run(
          command.map((part) => fill(part, this.#values)),
          REPOSITORY,
        );
      } catch (error) {
        if (!optional || !(error instanceof Error)) throw error;
        throw new PeerAbsentError(error.message.replace(/\s*\n\s*/g, ' · '), { cause: error });
      }
    }
  }

  /** @param {NonNullable<Description['start']>} start */
  async #launch({ command, args, env, readyPath, readyStatus = 200 }) {
    this.#server = await ServerProcess.start({
      command: fill(command, this.#values),
      args: args.map((arg) => fill(arg, this.#values)),
      env: fillAll(env, this.#values),
      cwd: REPOSITORY,
      dir: this.#values.dir,
    });
    await this.#server.untilReady(async () => {
      const client = this.client(1);
      try {
        await client.send({ method: 'GET', path: readyPath, headers: {}, status: readyStatus });
        return true;
      } catch {
        return false; // Not listening yet, or says 503.
      } finally {
        client.close();
      }
    });
  }

  /** @returns {Promise<Record<string, string>>} headers */
  async #signIn() {
    const { signIn } = this.description;
    if (signIn === undefined) return {};
    const server = this.#server;
    if (!Object.hasOwn(signIns, signIn) || !server)
      throw new Error(`sign-in "${signIn}" is unknown, or has no "start"`);
    const client = this.client(1);
    try {
      return await signIns[signIn]({
        waitForLog: (pattern) => server.waitForLog(pattern),
        postJson: async (path, content, status) => {
          const bytes = Buffer.from(JSON.stringify(content));
          const headers = { 'content-type': 'application/json' };
          const answer = await client.send({
            method: 'POST',
            path,
            headers,
            size: bytes.length,
            body: [bytes],
            status,
          });
          return JSON.parse(answer.text);
        },
      });
    } finally {
      client.close();
    }
  }
}

/** @param {CorpusFile} file */
function raw(file) {
  return { type: 'image/jpeg', size: file.size, body: file.chunks() };
}

/**
 * One part (RFC 7578), its length known before it is sent.
 * @param {CorpusFile} file
 * @param {string} field
 */
function multipart(file, field) {
  const disposition = `form-data; name="${field}"; filename="${file.name}"`;
  const before = Buffer.from(
    `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\nContent-Type: image/jpeg\r\n\r\n`,
  );
  const after = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  const body = (function* () {
    yield before;
    yield* file.chunks();
    yield after;
  })();
  return { type: `multipart/form-data; boundary=${BOUNDARY}`, size: before.length + file.size + after.length, body };
}

/** @returns {Promise<string>} a port of 127.0.0.1 that was free a moment ago */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return String(port);
}
