import { ApiProperty } from '@nestjs/swagger';
import type { Response } from 'express';
import { FileResponse, toFileResponse } from '../file.response.dto';
import type { UploadOutcome } from './upload.service';

/** The stored file, and whether these bytes were new to its folder. */
export class UploadResponse extends FileResponse {
  @ApiProperty({ enum: ['created', 'duplicate'], example: 'created' })
  status!: 'created' | 'duplicate';
}

/** 201 with `Location` for a new file, 200 for bytes that the folder already had. */
export function sendUploadOutcome(response: Response, { status, file }: UploadOutcome): UploadResponse {
  response.status(status === 'created' ? 201 : 200);
  response.setHeader('Location', `/api/v1/files/${file.row.id}`);
  return { ...toFileResponse(file), status };
}
