import http from 'node:http';
import https from 'node:https';

/** A connection that moves no byte for this long has failed. */
const IDLE_MS = 30_000;

/** No single request may take longer than this, however steadily it drips. */
const REQUEST_MS = 300_000;

/** Answers that are kept (uploads, errors) are cut here; downloads are not kept at all. */
const KEPT_BYTES = 64 * 1024;

/**
 * @typedef {object} Exchange
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} headers
 * @property {number} [size] bytes of the request body
 * @property {Iterable<Buffer>} [body] pieces, written with back-pressure and never joined
 * @property {number} status the only answer that is a success
 * @property {(chunk: Buffer) => void} [onData] sees every byte of a successful answer; without it the body is kept
 */

/** @typedef {{ headers: http.IncomingHttpHeaders, text: string }} Answer */

/**
 * HTTP/1.1 over keep-alive connections, nothing between the benchmark and the socket but node:http.
 * Make one client for each phase: a connection left idle between two phases may be closed by the server in the moment it
 * is used again.
 * @param {URL} baseUrl loopback only
 * @param {{ connections: number, ca?: string }} options `ca`: PEM of the certificate to trust
 * @returns {{ send: (exchange: Exchange) => Promise<Answer>, close: () => void }} `close` fails what is still under way
 */
export function createClient(baseUrl, { connections, ca }) {
  requireLoopback(baseUrl);
  const secure = baseUrl.protocol === 'https:';
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: connections, ca });
  const request = secure ? https.request : http.request;
  const host = baseUrl.hostname.replace(/^\[|\]$/g, '');

  /** @param {Exchange} exchange @returns {Promise<Answer>} */
  const send = ({ method, path, headers, size, body, status, onData }) =>
    new Promise((resolve, reject) => {
      const what = `${method} ${path}`;
      const req = request({
        agent,
        host,
        port: baseUrl.port,
        method,
        path,
        timeout: IDLE_MS,
        headers: size === undefined ? headers : { ...headers, 'content-length': String(size) },
      });
      const deadline = setTimeout(() => req.destroy(new Error(`no complete answer in ${REQUEST_MS} ms`)), REQUEST_MS);
      /** @param {Error} error */
      const fail = (error) => {
        clearTimeout(deadline);
        reject(new Error(`${what}: ${error.message}`, { cause: error }));
      };
      req.on('error', fail);
      req.on('timeout', () => req.destroy(new Error(`silent for ${IDLE_MS} ms`)));
      req.on('response', (res) => {
        const ok = res.statusCode === status;
        let text = '';
        res.on(
          'data',
          ok && onData
            ? onData
            : (/** @type {Buffer} */ chunk) => {
                if (text.length < KEPT_BYTES) text += chunk.toString('utf8');
              },
        );
        res.on('error', fail);
        res.on('end', () => {
          clearTimeout(deadline);
          if (ok) resolve({ headers: res.headers, text });
          else reject(new Error(`${what}: ${res.statusCode}, not ${status}: ${text.slice(0, 300)}`));
        });
      });
      write(req, [...(body ?? [])]);
    });

  return { send, close: () => agent.destroy() };
}

/**
 * Writes with back-pressure. The last piece goes with end(): a server may answer between it and a later end(), and Node
 * then never says 'drain', so that the request would not finish and its connection never be used again (seen over TLS).
 * Not a pipeline(): for a small file that adds about 60 % to the CPU time of the whole exchange.
 * @param {http.ClientRequest} req
 * @param {Buffer[]} pieces
 * @param {number} [next]
 */
function write(req, pieces, next = 0) {
  for (let at = next; at < pieces.length - 1; at++) {
    if (!req.write(pieces[at])) {
      req.once('drain', () => write(req, pieces, at + 1));
      return;
    }
  }
  req.end(pieces.at(-1));
}

/**
 * The benchmark loads what it reaches to the limit, so it reaches this machine only.
 * @param {URL} url
 */
function requireLoopback(url) {
  if (!/^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname)) {
    throw new Error(`${url.hostname} is not a loopback address`);
  }
}
