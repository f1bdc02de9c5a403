import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isUuid } from '../platform/database/uuid';
import { ACCESS, type AccessLabel } from '../platform/http/access.decorator';
import type { VisitorRequest } from '../platform/http/visitor';
import { ShareErrors } from './shares.errors';
import { ShareCookies } from './visits/share-cookies.service';
import type { ShareVisitor } from './visits/share-visitor';
import { ShareVisits } from './visits/share-visits.service';

/**
 * Global, and the only door for routes labelled `share`. It comes before the session guard, which shuts each of these routes on whoever was
 * not let in here. Speaks HTTP only; what a live visit is, `visits/` knows.
 */
@Injectable()
export class ShareGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly cookies: ShareCookies,
    private readonly visits: ShareVisits,
  ) {}

  /** @throws {AppError} `SHARE.NOT_FOUND`, whatever is wrong */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<AccessLabel | undefined>(ACCESS, targets) !== 'share') return true;
    const request = context.switchToHttp().getRequest<VisitorRequest<ShareVisitor>>();
    const { id } = request.params;
    const token = this.cookies.read(request);
    const isNamed = typeof id === 'string' && isUuid(id);
    const visitor = isNamed && token !== null ? await this.visits.find(id.toLowerCase(), token) : null;
    if (!visitor) throw ShareErrors.notFound();
    request.visitor = visitor;
    return true;
  }
}
