import { Body, Controller, HttpCode, Post, Put } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { UserErrors } from '../../users/users.errors';
import { AuthErrors } from '../auth.errors';
import { ChallengeResponse } from '../pin/challenge.response.dto';
import { ChangeEmailDto, ConfirmEmailDto } from './email-change.dto';
import { EmailChangeService } from './email-change.service';

@ApiTags('Account')
@Controller('users/me/email')
export class EmailChangeController {
  constructor(private readonly emailChange: EmailChangeService) {}

  @Put()
  @HttpCode(202)
  @Access('session', { freshPin: true })
  @ApiOperation({
    operationId: 'changeEmail',
    summary: 'Move to another e-mail address',
    description: 'Nothing changes before the PIN comes back that is mailed to the new address.',
  })
  @ApiAcceptedResponse({
    type: ChallengeResponse,
    description: 'If a PIN is due, it is on its way to the new address.',
  })
  @ApiProblems(RequestErrors.invalid, RequestErrors.tooMany)
  async request(
    @CurrentUser() principal: Principal,
    @Body() { email }: ChangeEmailDto,
    @ClientIp() ip: string,
  ): Promise<ChallengeResponse> {
    return this.emailChange.request(principal, { email, ip });
  }

  @Post('confirmation')
  @HttpCode(204)
  @Access('session')
  @ApiOperation({
    operationId: 'confirmEmail',
    summary: 'Prove the new e-mail address',
    description:
      'The old address is told. PINs go to the new one from now on; those that are still on their way are worth nothing.',
  })
  @ApiNoContentResponse({ description: 'The account has the new address.' })
  @ApiProblems(RequestErrors.invalid, RequestErrors.tooMany, AuthErrors.pinRefused, UserErrors.emailTaken)
  async confirm(
    @CurrentUser() principal: Principal,
    @Body() body: ConfirmEmailDto,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.emailChange.confirm(principal, { ...body, ip });
  }
}
