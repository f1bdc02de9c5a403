import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { AccountDeletion } from './account-deletion.service';
import { DeleteAccountDto } from './delete-account.dto';
import { DeletionErrors } from './deletion.errors';
import { DeletionResponse, toDeletionResponse } from './deletion.response.dto';

@ApiTags('Leaving')
@Controller('users/me/deletion')
export class DeletionController {
  constructor(private readonly deletion: AccountDeletion) {}

  @Post()
  @HttpCode(202)
  @Access('session', { freshPin: true })
  @ApiOperation({
    operationId: 'deleteAccount',
    summary: 'Delete your account, for good',
    description:
      'When this is answered, every session, device and share of the account is dead and its keys are destroyed; nobody can take that back. ' +
      'Rows and stored bytes follow, and a mail at the end says what was destroyed, and what backups may still hold. The address is free at ' +
      'once. Type it once more, so that nothing is deleted by mistake.',
  })
  @ApiAcceptedResponse({
    type: DeletionResponse,
    description: 'The account is closed, and the rest of it on its way out.',
    headers: { 'Clear-Site-Data': { description: 'What a browser should forget.', schema: { type: 'string' } } },
  })
  @ApiProblems(RequestErrors.invalid, DeletionErrors.wrongEmail)
  @Header('Clear-Site-Data', '"cache", "cookies", "storage"')
  async request(@CurrentUser() principal: Principal, @Body() { email }: DeleteAccountDto): Promise<DeletionResponse> {
    return toDeletionResponse(await this.deletion.request(principal, email));
  }
}
