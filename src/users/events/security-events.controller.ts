import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { encodeCursor, readCursor } from '../../platform/http/cursor';
import { RequestErrors } from '../../platform/http/http.errors';
import { PageDto } from '../../platform/http/page.dto';
import type { Principal } from '../../platform/http/principal';
import { SecurityEventListResponse, toSecurityEventResponse } from './security-event.response.dto';
import { SecurityLog } from './security-log.service';

@ApiTags('Account')
@Controller('users/me/events')
export class SecurityEventsController {
  constructor(private readonly log: SecurityLog) {}

  @Get()
  @Access('session')
  @ApiOperation({
    operationId: 'listSecurityEvents',
    summary: 'What happened to your account, page by page, the newest first',
    description: 'Sign-ins, wrong PINs, new devices and the like. Follow `nextCursor` until it is null.',
  })
  @ApiOkResponse({ type: SecurityEventListResponse, description: 'One page.' })
  @ApiProblems(RequestErrors.invalid)
  async list(
    @CurrentUser() principal: Principal,
    @Query() { limit, cursor }: PageDto,
  ): Promise<SecurityEventListResponse> {
    const { events, next } = await this.log.list(principal, { limit, after: readCursor(cursor) });
    return { items: events.map(toSecurityEventResponse), nextCursor: next && encodeCursor(next) };
  }
}
