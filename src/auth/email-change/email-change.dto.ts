import { PickType } from '@nestjs/swagger';
import { RequestPinDto } from '../pin/request-pin.dto';
import { SignInDto } from '../sessions/sign-in.dto';

/** Where the account is to move. */
export class ChangeEmailDto extends PickType(RequestPinDto, ['email']) {}

/** Prove that the new address is one's own. */
export class ConfirmEmailDto extends PickType(SignInDto, ['challengeId', 'pin']) {}
