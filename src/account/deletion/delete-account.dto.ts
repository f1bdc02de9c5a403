import { PickType } from '@nestjs/swagger';
import { RequestPinDto } from '../../auth/pin/request-pin.dto';

/** The address of the account, typed once more: so that nobody deletes it by mistake, or a different one than they mean. */
export class DeleteAccountDto extends PickType(RequestPinDto, ['email']) {}
