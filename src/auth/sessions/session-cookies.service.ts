import { Injectable } from '@nestjs/common';
import { stringifySetCookie } from 'cookie';
import type { Request, Response } from 'express';
import { AppConfig } from '../../platform/config/app-config';
import { cookieName, sessionCredentials } from '../../platform/http/session-credentials';
import type { IssuedSession } from './sign-in.service';

const DAY_SECONDS = 86_400;

/**
 * The tokens of browsers, which no script can read. `Max-Age` and never `Expires`: whose clock is right does not matter then
 * (RFC 6265 section 4.1.2.2).
 */
@Injectable()
export class SessionCookies {
  constructor(private readonly config: AppConfig) {}

  /** Gives a browser its session, until it is closed or for as long as a remembered one lives, and the token of a remembered device. */
  give(response: Response, { token, deviceToken }: Pick<IssuedSession, 'token' | 'deviceToken'>): void {
    const isRemembered = deviceToken !== undefined;
    const maxAge = isRemembered ? this.config.get('SESSION_REMEMBER_ABSOLUTE_SECONDS') : undefined;
    this.set(response, 'session', token, maxAge);
    if (isRemembered) this.set(response, 'device', deviceToken, this.config.get('DEVICE_TRUST_DAYS') * DAY_SECONDS);
  }

  /** Takes the cookie of a request's session back. The device stays trusted until it is removed from the list. */
  takeBack(request: Request, response: Response): void {
    const credentials = sessionCredentials(request, this.config.isPublicUrlSecure);
    if (credentials?.by === 'cookie') this.set(response, 'session', '', 0);
  }

  private set(response: Response, kind: 'session' | 'device', value: string, maxAge: number | undefined): void {
    const secure = this.config.isPublicUrlSecure;
    const name = cookieName(kind, secure);
    response.append(
      'Set-Cookie',
      stringifySetCookie({ name, value, maxAge, path: '/', httpOnly: true, secure, sameSite: 'lax' }),
    );
  }
}
