import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MailServer } from './mail-server';

/**
 * A mail server that shows what it got over HTTP, as Mailpit does (https://mailpit.axllent.org/docs/api-v1/): the paths and fields that the
 * Postman collection reads, under the same names.
 */
export class MailCatcher {
  private constructor(
    private readonly mails: MailServer,
    private readonly web: Server,
  ) {}

  static async start(): Promise<MailCatcher> {
    const mails = await MailServer.start();
    const web = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://catcher');
      const body = request.method === 'GET' ? answer(mails, pathname, searchParams.get('query') ?? '') : undefined;
      response
        .writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(body ?? { Error: 'not found' }));
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    return new MailCatcher(mails, web);
  }

  /** For `SMTP_URL`. */
  get smtpUrl(): string {
    return this.mails.url;
  }

  /** `http://127.0.0.1:<port>` */
  get url(): string {
    return `http://127.0.0.1:${(this.web.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.web.closeAllConnections();
    await new Promise((resolve) => this.web.close(resolve));
    await this.mails.stop();
  }
}

/** The newest first; an id is a mail's number. */
function answer({ mails }: MailServer, path: string, query: string): object | undefined {
  const all = mails.map(({ envelope, headers, text, html }, n) => ({
    ID: String(n + 1),
    To: envelope.to.map((address) => ({ Name: '', Address: address })),
    Subject: headers.get('subject') ?? '',
    // Lines of a mail end in CRLF, and nobody on the way changes that.
    Text: text.replaceAll('\n', '\r\n'),
    HTML: html,
  }));
  all.reverse();
  const [, id] = /^\/api\/v1\/message\/(\w+)$/.exec(path) ?? [];
  if (id !== undefined) return id === 'latest' ? all[0] : all.find(({ ID }) => ID === id);
  if (path !== '/api/v1/messages' && path !== '/api/v1/search') return undefined;
  const [, to] = /^to:"?([^"]+)"?$/.exec(query) ?? [];
  const found = all.filter(({ To }) => to === undefined || To.some(({ Address }) => Address === to));
  return {
    total: all.length,
    messages_count: found.length,
    messages: found.map(({ ID, To, Subject }) => ({ ID, To, Subject })),
  };
}
