import { Body, Controller, Delete, Get, Headers, HttpCode, Ip, Param, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { toProfileResponse } from '../../users/profile.response.dto';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import { IssuedSessionResponse, SessionListResponse, toSessionResponse } from './session.response.dto';
import { SessionsService } from './sessions.service';
import { SignInDto } from './sign-in.dto';

@Controller('auth/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
  ) {}

  @Post()
  @Access('public')
  @ApiTags('Sign in')
  @ApiOperation({
    operationId: 'signIn',
    summary: 'Trade a PIN for a session',
    description:
      'A PIN works once, for the device that asked for it. The first right PIN of a new address makes its account.',
  })
  @ApiCreatedResponse({ type: IssuedSessionResponse, description: 'Signed in. The token is shown this once.' })
  @ApiProblems(RequestErrors.invalid, AuthErrors.pinRefused)
  async signIn(
    @Body() body: SignInDto,
    @Ip() ip: string,
    @Headers() headers: Record<string, string | undefined>,
  ): Promise<IssuedSessionResponse> {
    const { token, principal, expiresAt, idleExpiresAt } = await this.sessions.signIn({
      ...body,
      ip,
      userAgent: headers['user-agent'],
    });
    const user = toProfileResponse(await this.users.profile(principal));
    return {
      sessionToken: token,
      expiresAt: expiresAt.toISOString(),
      idleExpiresAt: idleExpiresAt.toISOString(),
      user,
    };
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
    description: 'The token of this request is dead afterwards.',
  })
  @ApiNoContentResponse({ description: 'Signed out.' })
  async revokeCurrent(@CurrentUser() principal: Principal): Promise<void> {
    await this.sessions.revoke(principal, principal.sessionId);
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
  ): Promise<void> {
    await this.sessions.revoke(principal, id);
  }

  @Delete()
  @HttpCode(204)
  @Access('session')
  @ApiTags('Sessions')
  @ApiOperation({ operationId: 'revokeOtherSessions', summary: 'Sign out everywhere else' })
  @ApiNoContentResponse({ description: 'Only the session of this request is left.' })
  async revokeOthers(@CurrentUser() principal: Principal): Promise<void> {
    await this.sessions.revokeOthers(principal);
  }
}
