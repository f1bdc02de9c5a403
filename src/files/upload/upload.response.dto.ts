import { applyDecorators } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiProperty } from '@nestjs/swagger';
import type { Response } from 'express';
import { API_PREFIX } from '../../platform/http/api-prefix';
import { FileResponse, toFileResponse } from '../file.response.dto';
import type { UploadOutcome } from './upload.service';

/** The stored file, and whether these bytes were new to its folder. */
export class UploadResponse extends FileResponse {
  @ApiProperty({
    enum: ['created', 'duplicate', 'restored'],
    description:
      '`duplicate`: the folder had these bytes; the answer names the file that it had. `restored`: that file was in the trash, and is ' +
      'back under the name of this upload.',
    example: 'created',
  })
  status!: UploadOutcome['status'];
}

const LOCATION = { Location: { description: 'The file.', schema: { type: 'string' as const } } };

/** Documents what {@link sendUploadOutcome} answers. */
export const ApiUploadOutcome = () =>
  applyDecorators(
    ApiCreatedResponse({
      type: UploadResponse,
      description: 'Stored; it survives whatever happens next.',
      headers: LOCATION,
    }),
    ApiOkResponse({
      type: UploadResponse,
      description: 'The folder had these bytes already, perhaps under another name or in the trash.',
      headers: LOCATION,
    }),
  );

/** 201 with `Location` for a new file, 200 for bytes that the folder already had. */
export function sendUploadOutcome(response: Response, { status, file }: UploadOutcome): UploadResponse {
  response.status(status === 'created' ? 201 : 200);
  response.setHeader('Location', `${API_PREFIX}/files/${file.row.id}`);
  return { ...toFileResponse(file), status };
}
