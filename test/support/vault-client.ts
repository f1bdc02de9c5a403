/** An answer with its body read. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly bytes: Buffer;
}

export interface FileBody {
  id: string;
  name: string;
  folderId: string;
  contentType: string;
  size: number;
  sha256: string;
  createdAt: string;
  takenAt: string | null;
  status?: string;
}

/** Talks to a vault over HTTP as any client would. Paths are below `/api/v1` unless they begin with `//`. */
export class VaultClient {
  token?: string;
  email?: string;
  userId?: string;

  constructor(readonly url: string) {}

  async request<Body = Record<string, unknown>>(
    method: string,
    path: string,
    options: { json?: unknown; body?: RequestInit['body']; headers?: Record<string, string> } = {},
  ): Promise<Answer<Body>> {
    const headers: Record<string, string> = {
      ...(this.token && { authorization: `Bearer ${this.token}` }),
      ...options.headers,
    };
    let { body } = options;
    if (options.json !== undefined) {
      headers['content-type'] ??= 'application/json';
      body = JSON.stringify(options.json);
    }
    const url = path.startsWith('//') ? this.url + path.slice(1) : `${this.url}/api/v1${path}`;
    const response = await fetch(url, { method, headers, body, redirect: 'manual' });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      body: (isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : {}) as Body,
    };
  }

  /** Signs up (or in, when the address is known) with the PIN that `readPin` finds. */
  async signUp(email: string, deviceId: string, readPin: (email: string) => Promise<string>): Promise<void> {
    await this.signIn(email, deviceId, readPin, '/users');
  }

  async signIn(
    email: string,
    deviceId: string,
    readPin: (email: string) => Promise<string>,
    by = '/auth/pin',
  ): Promise<void> {
    const { body: challenge } = await this.request<{ challengeId: string }>('POST', by, { json: { email, deviceId } });
    const json = { challengeId: challenge.challengeId, deviceId, pin: await readPin(email) };
    const { status, body } = await this.request<{ sessionToken: string; user: { id: string } }>(
      'POST',
      '/auth/sessions',
      { json },
    );
    if (status !== 201) throw new Error(`sign-in answered ${status} ${JSON.stringify(body)}`);
    this.token = body.sessionToken;
    this.email = email;
    this.userId = body.user.id;
  }

  async put(
    name: string,
    bytes: Buffer,
    options: { query?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer<FileBody>> {
    const path = `/files/by-name/${encodeURIComponent(name)}${options.query ?? ''}`;
    return this.request<FileBody>('PUT', path, { body: new Uint8Array(bytes), headers: options.headers });
  }

  async post(name: string, bytes: Buffer, fields: Record<string, string> = {}): Promise<Answer<FileBody>> {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.set(field, value);
    form.set('file', new Blob([new Uint8Array(bytes)]), name);
    return this.request<FileBody>('POST', '/files', { body: form });
  }

  async list(query = ''): Promise<Answer<{ items: FileBody[]; nextCursor: string | null }>> {
    return this.request('GET', `/files${query}`);
  }

  async content(id: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', `/files/${id}/content`, { headers });
  }
}
