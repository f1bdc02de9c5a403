import { Body, Controller, Delete, HttpCode, Param, Patch, Put, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiFolder } from '../folders/api-folder.decorator';
import { FolderErrors } from '../folders/folders.errors';
import { Access } from '../platform/http/access.decorator';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { ClientIp } from '../platform/http/client-ip.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import { AccessErrors, RequestErrors } from '../platform/http/http.errors';
import { IdPipe } from '../platform/http/id.pipe';
import type { Principal } from '../platform/http/principal';
import { RateWeight } from '../platform/http/rate-limit/rate-weight.decorator';
import { HASH_UNITS } from '../platform/passwords/password-hasher.service';
import { PasswordErrors } from '../platform/passwords/password.errors';
import { ChangeFolderPasswordDto, LockFolderDto, RecoveryCodeResponse } from './lock.dto';
import { LocksService } from './locks.service';

@ApiTags('Folders')
@Controller('folders/:id/lock')
export class LocksController {
  constructor(private readonly locks: LocksService) {}

  @Put()
  @Access('session')
  @RateWeight(HASH_UNITS)
  @ApiOperation({
    operationId: 'lockFolder',
    summary: 'Lock a folder',
    description:
      'Gives it a key that only the password opens. Every session has to unlock it, this one too; its shares end. Nobody can reset the password: keep the recovery code.',
  })
  @ApiFolder()
  @ApiOkResponse({ type: RecoveryCodeResponse, description: 'Locked.' })
  @ApiProblems(
    RequestErrors.invalid,
    FolderErrors.notFound,
    FolderErrors.locked,
    FolderErrors.alreadyLocked,
    FolderErrors.isRoot,
    FolderErrors.changedMeanwhile,
    PasswordErrors.refused,
    PasswordErrors.busy,
  )
  async lock(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
    @Body() { password }: LockFolderDto,
    @ClientIp() ip: string,
  ): Promise<RecoveryCodeResponse> {
    return { recoveryCode: await this.locks.lock(principal, id, password, { ip }) };
  }

  @Patch()
  @Access('session')
  @RateWeight(HASH_UNITS)
  @ApiOperation({
    operationId: 'changeFolderPassword',
    summary: 'Change the password of a locked folder',
    description: 'Files are not touched. Other sessions have to unlock the folder again; with `rekey` this one too.',
  })
  @ApiFolder()
  @ApiNoContentResponse({ description: 'The new password opens the folder, the old one does not.' })
  @ApiOkResponse({ type: RecoveryCodeResponse, description: 'The same, with a new key and a new recovery code.' })
  @ApiProblems(
    RequestErrors.invalid,
    AccessErrors.freshPinRequired,
    FolderErrors.notFound,
    FolderErrors.notLocked,
    FolderErrors.wrongPassword,
    FolderErrors.badRecoveryCode,
    FolderErrors.changedMeanwhile,
    PasswordErrors.refused,
    PasswordErrors.tooManyGuesses,
    PasswordErrors.busy,
  )
  async change(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
    @Body() { currentPassword: password, recoveryCode, newPassword, rekey = false }: ChangeFolderPasswordDto,
    @ClientIp() ip: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RecoveryCodeResponse | undefined> {
    const change = { secret: { password, recoveryCode }, newPassword, rekey };
    const renewed = await this.locks.changePassword(principal, id, change, { ip });
    response.status(renewed === null ? 204 : 200);
    return renewed === null ? undefined : { recoveryCode: renewed };
  }

  @Delete()
  @HttpCode(204)
  @Access('session', { freshPin: true })
  @ApiOperation({
    operationId: 'removeLock',
    summary: 'Take the lock of a folder away',
    description: 'The folder has to be unlocked here. Whoever is signed in sees what is in it afterwards.',
  })
  @ApiFolder()
  @ApiNoContentResponse({ description: 'The folder is open, and needs no password.' })
  @ApiProblems(FolderErrors.notFound, FolderErrors.locked, FolderErrors.notLocked, FolderErrors.changedMeanwhile)
  async remove(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(FolderErrors.notFound)) id: string,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.locks.remove(principal, id, { ip });
  }
}
