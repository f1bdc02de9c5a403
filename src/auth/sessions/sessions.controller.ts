import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { PIN_UNITS } from '../../platform/config/app-config';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { RateWeight } from '../../platform/http/rate-limit/rate-weight.decorator';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import { SessionCookies } from './session-cookies.service';
import {
  IssuedSessionResponse,
  SessionListResponse,
  toIssuedSessionResponse,
  toSessionResponse,
} from './session.response.dto';
import { SessionsService } from './sessions.service';
import { SignInDto } from './sign-in.dto';
import { SignInService } from './sign-in.service';

@Controller('auth/sessions')
export class SessionsController {
  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
    private readonly cookies: SessionCookies,
    private readonly users: UsersService,
  ) {}

  @Post()
  @Access('public')
  @RateWeight(PIN_UNITS)
  @ApiTags('Sign in')
  @ApiOperation({
    operationId: 'signIn',
    summary: 'Trade a PIN for a session',
    description:
      'A PIN works once, for the device that asked for it. The first right PIN of a new address makes its account.',
  })
  @ApiCreatedResponse({ type: IssuedSessionResponse, description: 'Signed in. The tokens are shown this once.' })
  @ApiProblems(RequestErrors.invalid, RequestErrors.tooMany, AuthErrors.pinRefused)
  async signIn(
    @Body() { transport = 'bearer', ...body }: SignInDto,
    @ClientIp() ip: string,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IssuedSessionResponse> {
    const issued = await this.signIns.signIn({ ...body, ip, userAgent: headers['user-agent'] });
    const profile = await this.users.profile(issued.principal.userId);
    if (transport === 'cookie') this.cookies.give(response, issued);
    return toIssuedSessionResponse(issued, profile, transport === 'cookie' ? 'no tokens' : 'tokens');
  }

  @Get()
  @Access('session')
  @ApiTags('Sessions')
  @ApiOperation({ operationId: 'listSessions', summary: 'Where you are signed in' })
  @ApiOkResponse({ type: SessionListResponse, description: 'The live sessions, the last used one first.' })
  async list(@CurrentUser() principal: Principal): Promise<SessionListResponse> {
    const sessions = await this.sessions.list(principal);
    return { items: sessions.map((session) => toSessionResponse(session, principal.sessionId)) };
  }

  @Delete('current')
  @HttpCode(204)
  @Access('session')
  @ApiTags('Sessions')
  @ApiOperation({
    operationId: 'signOut',
    summary: 'Sign out here',
    description: 'The token of this request is dead afterwards. A device that you trust stays trusted.',
  })
  @ApiNoContentResponse({
    description: 'Signed out.',
    headers: { 'Clear-Site-Data': { description: 'What a browser should forget.', schema: { type: 'string' } } },
  })
  // Not "cookies": that of the device would go as well.
  @Header('Clear-Site-Data', '"cache", "storage"')
  async revokeCurrent(
    @CurrentUser() principal: Principal,
    @ClientIp() ip: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await this.sessions.revoke(principal, principal.sessionId, { ip });
    this.cookies.takeBack(request, response);
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('session')
  @ApiTags('Sessions')
  @ApiOperation({ operationId: 'revokeSession', summary: 'Sign out one device' })
  @ApiParam({
    name: 'id',
    format: 'uuid',
    description: 'From the list of sessions.',
    example: '019ab0c4-62c1-7d3e-8f10-5a4b3c2d1e0f',
  })
  @ApiNoContentResponse({ description: 'That session is over.' })
  @ApiProblems(AuthErrors.sessionNotFound)
  async revoke(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(AuthErrors.sessionNotFound)) id: string,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.sessions.revoke(principal, id, { ip });
  }

  @Delete()
  @HttpCode(204)
  @Access('session')
  @ApiTags('Sessions')
  @ApiOperation({ operationId: 'revokeOtherSessions', summary: 'Sign out everywhere else' })
  @ApiNoContentResponse({ description: 'Only the session of this request is left.' })
  async revokeOthers(@CurrentUser() principal: Principal, @ClientIp() ip: string): Promise<void> {
    await this.sessions.revokeOthers(principal, { ip });
  }
}
