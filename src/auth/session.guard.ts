import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { AppConfig } from '../platform/config/app-config';
import { ACCESS, type AccessLabel, FRESH_PIN } from '../platform/http/access.decorator';
import { mayBeCrossSite } from '../platform/http/cross-site';
import { AccessErrors, noSession } from '../platform/http/http.errors';
import type { AuthenticatedRequest } from '../platform/http/principal';
import type { VisitorRequest } from '../platform/http/visitor';
import { sessionCredentials } from '../platform/http/session-credentials';
import { SessionsService } from './sessions/sessions.service';

/** Global and fail-closed: a route without a label needs a session. Speaks HTTP only; what a live session is, `sessions/` knows. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly config: AppConfig,
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const label = this.label<AccessLabel>(context, ACCESS);
    if (label === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest & VisitorRequest>();
    // Its own guard comes before this one. Where that is missing, nobody has been let in, and a session is no way in either.
    if (label === 'share') return this.isAdmitted(request);
    const credentials = sessionCredentials(request, this.config.isPublicUrlSecure);
    const session = credentials && (await this.sessions.find(credentials.token));
    if (!session) throw noSession();
    if (credentials.by === 'cookie' && mayBeCrossSite(request, this.config.get('PUBLIC_URL'))) {
      throw AccessErrors.crossSite();
    }
    // Only now: a forged request must not keep a forgotten session alive.
    this.sessions.noteUse(session, context.switchToHttp().getResponse<Response>());
    if (this.label<boolean>(context, FRESH_PIN) && !session.fresh) throw AccessErrors.freshPinRequired();
    const { id: sessionId, userId, token, device, fresh } = session;
    request.user = { userId, sessionId, token, device, fresh };
    return true;
  }

  /** @throws {AppError} `AUTH.SESSION_REQUIRED` */
  private isAdmitted({ visitor }: VisitorRequest): boolean {
    if (!visitor) throw noSession();
    return true;
  }

  private label<T>(context: ExecutionContext, key: string): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}
