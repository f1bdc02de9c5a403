import type { Answer, Arguments, Input, OperationId } from './operation-types';
import { OPERATIONS } from './operations';
import { PhotovaultError } from './photovault-error';

type Fetch = typeof globalThis.fetch;

export interface PhotovaultClientOptions {
  /** Where the vault is, such as `https://photos.example.com`; the page's own origin when empty. */
  readonly baseUrl: string;
  /** Of a session, or of a visit to a share. Left out where cookies do its work. */
  readonly token?: string;
  /** In place of the global one, for whoever needs a proxy, a certificate or cookies of their own. */
  readonly fetch?: Fetch;
}

/**
 * Speaks to a vault over HTTP, in browsers and in Node: operations by their names in the API document, typed by that document.
 *
 *     const vault = new PhotovaultClient({ baseUrl, token });
 *     const { id } = await vault.call('putFile', { path: { name: 'beach.jpg' }, body: bytes });
 *     const { body } = await vault.open('getContent', { path: { id } });
 */
export class PhotovaultClient {
  /** Goes with every request from now on. */
  token: string | undefined;
  private readonly baseUrl: string;
  private readonly request: Fetch;

  constructor({ baseUrl, token, fetch = globalThis.fetch }: PhotovaultClientOptions) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.token = token;
    // A browser's own one refuses to be called as a method of something else.
    this.request = (url, init) => fetch(url, init);
  }

  /**
   * Does an operation that answers with JSON, or with nothing.
   * @throws PhotovaultError when it was refused
   */
  async call<Id extends OperationId>(id: Id, ...[input]: Arguments<Id>): Promise<Answer<Id>> {
    const text = await (await this.send(id, input)).text();
    return (text === '' ? undefined : JSON.parse(text)) as Answer<Id>;
  }

  /**
   * Does an operation that answers with bytes, and gives its answer as soon as its head is there: `body` is the stream of what follows.
   * It must be read to its end or cancelled, by itself or by the input's `signal`.
   * @throws PhotovaultError when it was refused
   */
  async open<Id extends OperationId>(id: Id, ...[input]: Arguments<Id>): Promise<Response> {
    return this.send(id, input);
  }

  private async send<Id extends OperationId>(id: Id, input?: Input<Id>): Promise<Response> {
    const [method, path] = OPERATIONS[id];
    const { path: names = {}, query = {}, header = {}, body, signal }: Loose = input ?? {};
    const headers = new Headers(defined(header));
    // The sign of our own page, without which a cookie changes nothing (docs/decisions/0017).
    headers.set('X-PV-Request', '1');
    if (this.token !== undefined) headers.set('Authorization', `Bearer ${this.token}`);
    const isBytes = body instanceof Blob || body instanceof Uint8Array || body instanceof ReadableStream;
    const sent = isBytes || body instanceof FormData || body === undefined ? body : JSON.stringify(body);
    if (isBytes) headers.set('Content-Type', 'application/octet-stream');
    else if (body !== undefined && !(body instanceof FormData)) headers.set('Content-Type', 'application/json');
    const response = await this.request(this.baseUrl + filled(path, names) + searchOf(query), {
      method,
      headers,
      signal,
      body: sent as RequestInit['body'],
      // Fetch asks for it where a body is a stream; types of Node and of browsers do not agree that it is there.
      ...({ duplex: 'half' } as object),
      // With a token, a cookie that happens to be there is not meant.
      credentials: this.token === undefined ? 'same-origin' : 'omit',
    });
    if (!response.ok) throw await PhotovaultError.of(response);
    return response;
  }
}

/** Any operation's input, when it is only to be sent. */
interface Loose {
  readonly path?: object;
  readonly query?: object;
  readonly header?: object;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

function defined(values: object): [string, string][] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
}

function searchOf(query: object): string {
  const search = new URLSearchParams(defined(query)).toString();
  return search === '' ? '' : `?${search}`;
}

/** @throws TypeError for "." and "..", which URLs take for a way to somewhere else, also when they are escaped */
function filled(path: string, names: object): string {
  const values = new Map(defined(names));
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name) ?? '';
    if (value === '' || value === '.' || value === '..') throw new TypeError(`"${value}" cannot be in a path`);
    return encodeURIComponent(value);
  });
}
