import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type AccessLabel } from '../platform/http/access.decorator';
import { AccessErrors } from '../platform/http/http.errors';
import type { AuthenticatedRequest } from '../platform/http/principal';
import { SessionsService } from './sessions/sessions.service';

/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Global and fail-closed: a route without a label needs a session. Speaks HTTP only; what a live session is, `sessions/` knows. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const label = this.reflector.getAllAndOverride<AccessLabel | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (label === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const principal = token === undefined ? null : await this.sessions.resolve(token);
    if (!principal) throw AccessErrors.sessionRequired({ headers: { 'WWW-Authenticate': 'Bearer' } });
    request.user = principal;
    return true;
  }
}
