import { ApiProperty } from '@nestjs/swagger';

/** A PIN is on its way, or not: the answer is the same for every address. */
export class ChallengeResponse {
  @ApiProperty({
    description: 'Goes back together with the PIN.',
    example: 'k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE',
  })
  challengeId!: string;

  @ApiProperty({ type: 'integer', description: 'Seconds that the PIN is good for.', example: 300 })
  expiresIn!: number;
}
