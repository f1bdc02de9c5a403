import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../platform/http/access.decorator';
import { ApiProblems } from '../platform/http/api-problems.decorator';
import { CurrentUser } from '../platform/http/current-user.decorator';
import type { Principal } from '../platform/http/principal';
import { ProfileResponse, toProfileResponse } from './profile.response.dto';
import { UserErrors } from './users.errors';
import { UsersService } from './users.service';

@ApiTags('Account')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('me')
  @Access('session')
  @ApiOperation({ operationId: 'getProfile', summary: 'Your account, and how much it stores' })
  @ApiOkResponse({ type: ProfileResponse, description: 'Your account.' })
  @ApiProblems(UserErrors.notFound)
  async me(@CurrentUser() principal: Principal): Promise<ProfileResponse> {
    return toProfileResponse(await this.users.profile(principal.userId));
  }
}
