import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { RequestErrors } from '../../platform/http/http.errors';
import type { Principal } from '../../platform/http/principal';
import { CheckFilesDto } from './check-files.dto';
import { CheckFilesResponse, toCheckItem } from './check.response.dto';
import { FileCheck } from './file-check.service';

@ApiTags('Files')
@Controller('files/check')
export class CheckController {
  constructor(private readonly fileCheck: FileCheck) {}

  @Post()
  @HttpCode(200)
  @Access('session')
  @ApiOperation({
    operationId: 'checkFiles',
    summary: 'Which of many files need not be uploaded',
    description:
      'For tools that sync: up to 5000 files by their SHA-256, in at most 100 folders. Nothing is reserved by the answer; an upload finds out for ' +
      'itself, and says so.',
  })
  @ApiOkResponse({ type: CheckFilesResponse, description: 'One answer for each.' })
  @ApiProblems(RequestErrors.invalid)
  async check(@CurrentUser() principal: Principal, @Body() { items }: CheckFilesDto): Promise<CheckFilesResponse> {
    return { items: (await this.fileCheck.check(principal, items)).map(toCheckItem) };
  }
}
