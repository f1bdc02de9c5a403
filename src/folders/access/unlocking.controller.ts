import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { AccessErrors, RequestErrors } from '../../platform/http/http.errors';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { RateWeight } from '../../platform/http/rate-limit/rate-weight.decorator';
import { HASH_UNITS } from '../../platform/passwords/password-hasher.service';
import { PasswordErrors } from '../../platform/passwords/password.errors';
import { ApiFolder } from '../api-folder.decorator';
import { FolderErrors } from '../folders.errors';
import { UnlockedFolderResponse, UnlockFolderDto } from './unlock-folder.dto';
import { Unlocking } from './unlocking.service';

@ApiTags('Folders')
@Controller('folders/:id')
export class UnlockingController {
  constructor(private readonly unlocking: Unlocking) {}

  @Post('unlock')
  @HttpCode(200)
  @Access('session')
  @RateWeight(HASH_UNITS)
  @ApiOperation({
    operationId: 'unlockFolder',
    summary: 'Unlock a folder for this session',
    description: 'With its password, or with its recovery code and a fresh PIN. No other session can use it.',
  })
  @ApiFolder()
  @ApiOkResponse({ type: UnlockedFolderResponse, description: 'Unlocked.' })
  @ApiProblems(
    RequestErrors.invalid,
    AccessErrors.freshPinRequired,
    FolderErrors.notFound,
    FolderErrors.notLocked,
    FolderErrors.wrongPassword,
    FolderErrors.badRecoveryCode,
    FolderErrors.changedMeanwhile,
    PasswordErrors.tooManyGuesses,
    PasswordErrors.busy,
  )
  async unlock(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
    @Body() secret: UnlockFolderDto,
    @ClientIp() ip: string,
  ): Promise<UnlockedFolderResponse> {
    return { unlockedUntil: (await this.unlocking.unlock(principal, id, secret, { ip })).toISOString() };
  }

  @Post('relock')
  @HttpCode(204)
  @Access('session')
  @ApiOperation({ operationId: 'relockFolder', summary: 'Lock a folder again for this session' })
  @ApiFolder()
  @ApiNoContentResponse({ description: 'Locked here, if it has a lock.' })
  @ApiProblems(FolderErrors.notFound)
  async relock(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
  ): Promise<void> {
    await this.unlocking.relock(principal, id);
  }
}
