import { ApiProperty } from '@nestjs/swagger';
import { ProfileResponse } from '../../users/profile.response.dto';
import type { SessionEntity } from './session.entity';

/** A fresh session. The token is shown this once. */
export class IssuedSessionResponse {
  @ApiProperty({
    description: 'Send it as `Authorization: Bearer …`.',
    example: 'pvs_VGhpcyBpcyBub3QgYSByZWFsIHRva2VuLCBzb3JyeSEgOi0pMDAb1c2d3e4',
  })
  sessionToken!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ format: 'date-time', description: 'Moves with use.', example: '2026-11-20T10:30:00.000Z' })
  idleExpiresAt!: string;

  @ApiProperty({ type: ProfileResponse })
  user!: ProfileResponse;
}

/** A signed-in device. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'laptop-1' })
  deviceId!: string;

  @ApiProperty({ type: String, nullable: true, example: "Alice's laptop" })
  deviceName!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '192.0.2.7' })
  ip!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'curl/8.5.0' })
  userAgent!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', description: 'To the minute.' })
  lastSeenAt!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ description: 'Whether this request came with it.' })
  current!: boolean;
}

export class SessionListResponse {
  @ApiProperty({ type: [SessionResponse] })
  items!: SessionResponse[];
}

export function toSessionResponse(session: SessionEntity, currentId: string): SessionResponse {
  const { id, deviceId, deviceName, ip, userAgent } = session;
  return {
    id,
    deviceId,
    deviceName,
    ip,
    userAgent,
    createdAt: session.createdAt.toISOString(),
    lastSeenAt: session.lastSeenAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    current: id === currentId,
  };
}
