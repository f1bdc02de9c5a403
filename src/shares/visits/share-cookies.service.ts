import { Injectable } from '@nestjs/common';
import { stringifySetCookie } from 'cookie';
import type { Request, Response } from 'express';
import { AppConfig } from '../../platform/config/app-config';
import { API_PREFIX } from '../../platform/http/api-prefix';
import { bearerToken, readCookie } from '../../platform/http/session-credentials';

/**
 * The tokens of visitors who come with a browser. Each share has its own cookie under one name, by its path: a browser shows it to that
 * share and to nothing else of the vault, however many shares it has open (RFC 6265 section 5.1.4). `__Host-` would want `Path=/`.
 */
@Injectable()
export class ShareCookies {
  constructor(private readonly config: AppConfig) {}

  give(response: Response, shareId: string, token: string): void {
    const { publicUrl, isPublicUrlSecure: secure } = this.config;
    // Behind a proxy that serves the vault below a path, browsers know that path and we do not.
    const path = `${new URL(publicUrl).pathname.replace(/\/$/, '')}${API_PREFIX}/shares/${shareId}`;
    response.append(
      'Set-Cookie',
      stringifySetCookie({ name: this.name, value: token, path, httpOnly: true, secure, sameSite: 'lax' }),
    );
  }

  /** The token that a request shows: the bearer's, else the cookie's. A malformed `Authorization` is none, whatever the cookies say. */
  read(request: Request): string | null {
    if (request.headers.authorization !== undefined) return bearerToken(request);
    return readCookie(request, this.name) ?? null;
  }

  private get name(): string {
    return `${this.config.isPublicUrlSecure ? '__Secure-' : ''}pv_share`;
  }
}
