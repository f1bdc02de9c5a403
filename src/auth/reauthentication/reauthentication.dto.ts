import { PickType } from '@nestjs/swagger';
import { SignInDto } from '../sessions/sign-in.dto';

/** Prove once more who holds the session. */
export class ReauthenticationDto extends PickType(SignInDto, ['challengeId', 'pin']) {}
