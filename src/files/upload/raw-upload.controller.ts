import { Controller, Headers, Param, Put, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { FolderErrors } from '../../folders/folders.errors';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { VaultErrors } from '../../vault/vault.errors';
import { FileErrors } from '../files.errors';
import { announcedBytes, announcedSha256, bodyOf } from './raw-body';
import { UploadOptionsDto } from './upload-options.dto';
import { UploadErrors } from './upload.errors';
import { ApiUploadOutcome, sendUploadOutcome, type UploadResponse } from './upload.response.dto';
import { UploadService } from './upload.service';

@ApiTags('Files')
@Controller('files/by-name')
export class RawUploadController {
  constructor(private readonly uploads: UploadService) {}

  @Put(':name')
  @Access('session')
  @ApiOperation({
    operationId: 'putFile',
    summary: 'Store a file under a name, as a raw stream of bytes',
    description:
      'The fastest way in. The type is decided from the bytes. Sending the same bytes again is answered `duplicate`, so a tool may simply try again.',
  })
  @ApiParam({ name: 'name', description: 'Percent-encoded; at most 255 bytes in UTF-8.', example: 'IMG_5195.HEIC' })
  @ApiHeader({
    name: 'Content-Digest',
    required: false,
    description:
      'RFC 9530: `sha-256=:<base64>:`; checked before anything is stored. `Repr-Digest` means the same here.',
    schema: { type: 'string', example: 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:' },
  })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ description: 'The bytes of the file.', schema: { type: 'string', format: 'binary' } })
  @ApiUploadOutcome()
  @ApiProblems(
    ...Object.values(UploadErrors).filter((each) => !/FORM|NO_FILE/.test(each.definition.code)),
    RequestErrors.malformed,
    RequestErrors.invalid,
    RequestErrors.tooSlow,
    FileErrors.badName,
    FileErrors.nameTaken,
    FolderErrors.notFound,
    FolderErrors.locked,
    VaultErrors.leaseLost,
    VaultErrors.storageAway,
    VaultErrors.storageFull,
    VaultErrors.quotaExceeded,
  )
  async put(
    @CurrentUser() principal: Principal,
    @Param('name') name: string,
    @Query() { folderId, takenAt, conflict = 'replace' }: UploadOptionsDto,
    @Headers() headers: Record<string, string | undefined>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadResponse> {
    const outcome = await this.uploads.upload(principal, {
      name,
      folderId,
      takenAt: takenAt === undefined ? undefined : new Date(takenAt),
      conflict,
      source: bodyOf(request),
      announcedBytes: announcedBytes(headers),
      announcedSha256: announcedSha256(headers),
    });
    return sendUploadOutcome(response, outcome);
  }
}
