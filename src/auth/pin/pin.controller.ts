import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { AppConfig, PIN_UNITS } from '../../platform/config/app-config';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { RateWeight } from '../../platform/http/rate-limit/rate-weight.decorator';
import { cookieName, readCookie } from '../../platform/http/session-credentials';
import { ChallengeResponse } from './challenge.response.dto';
import { PinRequestsService } from './pin-requests.service';
import { SignInPinDto, SignUpDto } from './request-pin.dto';

@Controller()
export class PinController {
  constructor(
    private readonly pins: PinRequestsService,
    private readonly config: AppConfig,
  ) {}

  @Post('users')
  @HttpCode(202)
  @Access('public')
  @RateWeight(PIN_UNITS)
  @ApiTags('Sign up')
  @ApiOperation({
    operationId: 'signUp',
    summary: 'Ask for a PIN that opens a new account',
    description:
      'No account is made yet: the first right PIN makes it. The answer is the same for an address that has one; its mail says so.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse, description: 'If a PIN is due, it is on its way.' })
  @ApiProblems(RequestErrors.invalid, RequestErrors.tooMany)
  async signUp(@Body() body: SignUpDto, @ClientIp() ip: string): Promise<ChallengeResponse> {
    return this.pins.requestSignUp({ ...body, ip });
  }

  @Post('auth/pin')
  @HttpCode(202)
  @Access('public')
  @RateWeight(PIN_UNITS)
  @ApiTags('Sign in')
  @ApiOperation({
    operationId: 'requestPin',
    summary: 'Ask for a PIN to sign in with',
    description:
      'The answer is the same for an address that has no account; no mail is sent then. While an account is under attack its mail has a ' +
      'code of eight letters and digits in the place of the PIN.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse, description: 'If a PIN is due, it is on its way.' })
  @ApiProblems(RequestErrors.invalid, RequestErrors.tooMany)
  async requestPin(
    @Body() body: SignInPinDto,
    @ClientIp() ip: string,
    @Req() request: Request,
  ): Promise<ChallengeResponse> {
    const cookie = readCookie(request, cookieName('device', this.config.isPublicUrlSecure));
    return this.pins.requestSignIn({ ...body, deviceToken: body.deviceToken ?? cookie, ip });
  }
}
