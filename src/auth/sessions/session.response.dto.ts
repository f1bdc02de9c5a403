import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ProfileResponse, toProfileResponse } from '../../users/profile.response.dto';
import type { Profile } from '../../users/users.service';
import type { SessionEntity } from './session.entity';
import type { IssuedSession } from './sign-in.service';

/** A fresh session. The tokens are shown this once. */
export class IssuedSessionResponse {
  @ApiPropertyOptional({
    description: 'Send it as `Authorization: Bearer …`. Absent when it came as a cookie.',
    pattern: '^pvs_[A-Za-z0-9_-]{43}[0-9a-f]{8}$',
    example: 'pvs_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000',
  })
  sessionToken?: string;

  @ApiPropertyOptional({
    description:
      'Only with `remember`. Keep it, and send it when you next ask for a PIN; each such sign-in gives a new one in its place.',
    pattern: '^pvd_[A-Za-z0-9_-]{43}[0-9a-f]{8}$',
    example: 'pvd_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000',
  })
  deviceToken?: string;

  @ApiProperty({
    format: 'date-time',
    description: 'The session ends then in any case.',
    example: '2026-11-21T10:00:00.000Z',
  })
  expiresAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'The session ends then if nobody uses it; moves with use.',
    example: '2026-11-20T10:30:00.000Z',
  })
  idleExpiresAt!: string;

  @ApiProperty({ type: ProfileResponse })
  user!: ProfileResponse;
}

/** A signed-in device. */
export class SessionResponse {
  @ApiProperty({ format: 'uuid', example: '019ab0c4-62c1-7d3e-8f10-5a4b3c2d1e0f' })
  id!: string;

  @ApiProperty({ example: 'laptop-1' })
  deviceId!: string;

  @ApiProperty({ type: String, nullable: true, example: "Alice's laptop" })
  deviceName!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '192.0.2.7' })
  ip!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'curl/8.5.0' })
  userAgent!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'Written once a minute at most.',
    example: '2026-11-20T10:12:00.000Z',
  })
  lastSeenAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-21T10:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ description: 'Whether it is the session of this request.', example: true })
  current!: boolean;
}

/** Every live session of one person. */
export class SessionListResponse {
  @ApiProperty({ type: [SessionResponse] })
  items!: SessionResponse[];
}

/** @param shows whether the tokens belong in the body */
export function toIssuedSessionResponse(
  { token, deviceToken, expiresAt, idleExpiresAt }: IssuedSession,
  profile: Profile,
  shows: 'tokens' | 'no tokens',
): IssuedSessionResponse {
  return {
    ...(shows === 'tokens' && { sessionToken: token, ...(deviceToken !== undefined && { deviceToken }) }),
    expiresAt: expiresAt.toISOString(),
    idleExpiresAt: idleExpiresAt.toISOString(),
    user: toProfileResponse(profile),
  };
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
