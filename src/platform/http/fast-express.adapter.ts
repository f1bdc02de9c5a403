import * as http from 'node:http';
import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';

interface ExpressApp {
  request: object;
  response: object;
}

/**
 * Express re-parents every request and response with `Object.setPrototypeOf`, which de-optimises them on Node 20 and 22 and costs
 * about two thirds of its speed. Here Node creates them with the prototype that Express is about to set, so that its call
 * changes nothing (docs/decisions/0003). Plain http only: TLS ends at the proxy. A missing Host is `requireHost`'s to refuse.
 */
export class FastExpressAdapter extends ExpressAdapter {
  override initHttpServer(options: NestApplicationOptions): void {
    super.initHttpServer(options);
    const app = this.getInstance<ExpressApp & http.RequestListener>();
    class Request extends http.IncomingMessage {}
    class Response extends http.ServerResponse {}
    app.request = adopt(Request.prototype, app.request);
    app.response = adopt(Response.prototype, app.response);
    const server = http.createServer(
      { IncomingMessage: Request, ServerResponse: Response, requireHostHeader: false },
      app,
    );
    this.setHttpServer(server);
  }
}

/** Copies what Express keeps on its prototype (and on its parent's, which is shared by all apps) onto the class's own prototype. */
function adopt(prototype: object, express: object): object {
  for (const source of [Object.getPrototypeOf(express) as object, express]) {
    for (const key of Reflect.ownKeys(source)) {
      const descriptor = Object.getOwnPropertyDescriptor(source, key);
      if (key !== 'constructor' && descriptor) Object.defineProperty(prototype, key, descriptor);
    }
  }
  return prototype;
}
