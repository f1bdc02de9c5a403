import { Controller, Post, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Response } from 'express';
import { FolderErrors } from '../../folders/folders.errors';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { VaultErrors } from '../../vault/vault.errors';
import { FileErrors } from '../files.errors';
import { MultipartUploadInterceptor } from './multipart-upload.interceptor';
import { UploadOptionsDto } from './upload-options.dto';
import { UploadErrors } from './upload.errors';
import { ApiUploadOutcome, sendUploadOutcome, type UploadResponse } from './upload.response.dto';
import { type StagedUpload, UploadService } from './upload.service';

@ApiTags('Files')
@Controller('files')
export class MultipartUploadController {
  constructor(private readonly uploads: UploadService) {}

  @Post()
  @Access('session')
  @UseInterceptors(MultipartUploadInterceptor)
  @ApiOperation({
    operationId: 'uploadFile',
    summary: 'Store a file from a form',
    description: 'Fields first, then one part `file`. The type is decided from the bytes.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiExtraModels(UploadOptionsDto)
  @ApiBody({
    schema: {
      allOf: [
        { $ref: getSchemaPath(UploadOptionsDto) },
        { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
      ],
    },
  })
  @ApiUploadOutcome()
  @ApiProblems(
    ...Object.values(UploadErrors).filter((each) => each !== UploadErrors.digestMismatch),
    RequestErrors.invalid,
    RequestErrors.unsupportedType,
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
  async post(
    @CurrentUser() principal: Principal,
    @Req() request: { upload: StagedUpload },
    @Res({ passthrough: true }) response: Response,
  ): Promise<UploadResponse> {
    return sendUploadOutcome(response, await this.uploads.commit(principal, request.upload));
  }
}
