import { Body, Controller, HttpCode, Ip, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import { ChallengeResponse } from './challenge.response.dto';
import { PinService } from './pin.service';
import { RequestPinDto, SignUpDto } from './request-pin.dto';

@Controller()
export class PinController {
  constructor(private readonly pins: PinService) {}

  @Post('users')
  @HttpCode(202)
  @Access('public')
  @ApiTags('Sign up')
  @ApiOperation({
    operationId: 'signUp',
    summary: 'Ask for a PIN that opens a new account',
    description:
      'No account is made yet: the first right PIN makes it. The answer is the same for an address that has one; its mail says so.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse, description: 'If a PIN is due, it is on its way.' })
  @ApiProblems(RequestErrors.invalid)
  async signUp(@Body() body: SignUpDto, @Ip() ip: string): Promise<ChallengeResponse> {
    return this.pins.requestSignUp({ ...body, ip });
  }

  @Post('auth/pin')
  @HttpCode(202)
  @Access('public')
  @ApiTags('Sign in')
  @ApiOperation({
    operationId: 'requestPin',
    summary: 'Ask for a PIN to sign in with',
    description: 'The answer is the same for an address that has no account; no mail is sent then.',
  })
  @ApiAcceptedResponse({ type: ChallengeResponse, description: 'If a PIN is due, it is on its way.' })
  @ApiProblems(RequestErrors.invalid)
  async requestPin(@Body() body: RequestPinDto, @Ip() ip: string): Promise<ChallengeResponse> {
    return this.pins.requestSignIn({ ...body, ip });
  }
}
