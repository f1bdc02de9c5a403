import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { AuthErrors } from '../auth.errors';
import { ChallengeResponse } from '../pin/challenge.response.dto';
import { ReauthenticationDto } from './reauthentication.dto';
import { ReauthenticationService } from './reauthentication.service';

@ApiTags('Sessions')
@Controller('auth/reauthentication')
export class ReauthenticationController {
  constructor(private readonly reauthentication: ReauthenticationService) {}

  @Post()
  @HttpCode(202)
  @Access('session')
  @ApiOperation({
    operationId: 'requestReauthentication',
    summary: 'Ask for a PIN for what needs a fresh one',
    description: 'Not needed just after a sign-in, which is one.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse, description: 'A PIN is on its way.' })
  @ApiProblems(RequestErrors.tooMany)
  async request(@CurrentUser() principal: Principal, @ClientIp() ip: string): Promise<ChallengeResponse> {
    return this.reauthentication.request(principal, { ip });
  }

  @Put()
  @HttpCode(204)
  @Access('session')
  @ApiOperation({
    operationId: 'reauthenticate',
    summary: 'Give a fresh PIN',
    description: 'Good for five minutes of what needs one. Too many wrong PINs end the session.',
  })
  @ApiNoContentResponse({ description: 'The session is fresh.' })
  @ApiProblems(RequestErrors.invalid, RequestErrors.tooMany, AuthErrors.pinRefused)
  async prove(
    @CurrentUser() principal: Principal,
    @Body() body: ReauthenticationDto,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.reauthentication.prove(principal, { ...body, ip });
  }
}
