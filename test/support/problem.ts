import type { Answer } from './vault-client';

/** Stack traces, paths, statements and names of machinery: what an error must never tell a client. */
const LEAKS =
  /\bat \S+ \(|node_modules|\.[jt]s:\d|\/(?:src|dist|tmp|blobs)\/|\b(?:SELECT|INSERT|UPDATE|DELETE)\b.*\b(?:FROM|INTO|SET)\b|QueryFailed|TypeORM|postgres|E(?:NOENT|LOOP|CONN\w+|PIPE)/;

/** The statuses and codes that an answer may have; one of each unless several are as good. */
export interface Expected {
  readonly status: number | readonly number[];
  readonly code?: string | RegExp;
}

/** Expects RFC 9457 problem details with our code and the answer's own request id, and nothing about the server's inside. */
export function expectProblem(answer: Answer<unknown> | null, { status, code = /^[A-Z]+\.[A-Z_]+$/ }: Expected): void {
  if (!answer) throw new Error('the connection was closed without an answer');
  const body = answer.body as { code?: string; requestId?: string };
  expect([status].flat()).toContain(answer.status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body).toMatchObject({
    type: `urn:photovault:error:${body.code}`,
    title: expect.any(String) as string,
    status: answer.status,
    code: typeof code === 'string' ? code : (expect.stringMatching(code) as string),
    // Of nginx, where the run has one, they have no hyphens.
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$|^[0-9a-f]{32}$/) as string,
  });
  expect(answer.headers.get('x-request-id')).toBe(body.requestId);
  expect(answer.bytes.toString()).not.toMatch(LEAKS);
}
