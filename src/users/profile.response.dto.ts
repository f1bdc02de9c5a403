import { ApiProperty } from '@nestjs/swagger';
import type { Profile } from './users.service';

class UsageResponse {
  @ApiProperty({ type: 'integer', description: 'Number of stored files.', example: 128 })
  files!: number;

  @ApiProperty({ type: 'integer', description: 'Bytes of the originals.', example: 734003200 })
  bytes!: number;
}

class QuotaResponse {
  @ApiProperty({ type: 'integer', description: 'Bytes of originals that may be stored.', example: 107374182400 })
  bytes!: number;
}

/** The signed-in person's own account. */
export class ProfileResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e01' })
  id!: string;

  @ApiProperty({ format: 'email', example: 'alice@example.com' })
  email!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ type: UsageResponse })
  usage!: UsageResponse;

  @ApiProperty({ type: QuotaResponse, nullable: true, description: 'null without a limit.' })
  quota!: QuotaResponse | null;
}

export function toProfileResponse(profile: Profile): ProfileResponse {
  const { id, email, createdAt, usage, quotaBytes } = profile;
  const quota = quotaBytes === null ? null : { bytes: quotaBytes };
  return { id, email, createdAt: createdAt.toISOString(), usage: { ...usage }, quota };
}
