import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Access } from '../../platform/http/access.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { ClientIp } from '../../platform/http/client-ip.decorator';
import { CurrentUser } from '../../platform/http/current-user.decorator';
import { IdPipe } from '../../platform/http/id.pipe';
import type { Principal } from '../../platform/http/principal';
import { AuthErrors } from '../auth.errors';
import { DeviceListResponse, toDeviceResponse } from './device.response.dto';
import { TrustedDevicesService } from './trusted-devices.service';

@ApiTags('Sessions')
@Access('session')
@Controller('auth/devices')
export class DevicesController {
  constructor(private readonly devices: TrustedDevicesService) {}

  @Get()
  @ApiOperation({ operationId: 'listDevices', summary: 'Devices that you trust' })
  @ApiOkResponse({ type: DeviceListResponse, description: 'The trusted devices, the last used one first.' })
  async list(@CurrentUser() principal: Principal): Promise<DeviceListResponse> {
    const { devices, currentId } = await this.devices.list(principal);
    return { items: devices.map((device) => toDeviceResponse(device, currentId)) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'removeDevice',
    summary: 'Trust a device no longer',
    description: 'Its device token is worth nothing afterwards, and the sessions that were opened from it are over.',
  })
  @ApiParam({
    name: 'id',
    format: 'uuid',
    description: 'From the list of devices.',
    example: '019ab0c4-71d0-7b8a-a2c4-6d5e4f3a2b1c',
  })
  @ApiNoContentResponse({ description: 'The device is not trusted any more.' })
  @ApiProblems(AuthErrors.deviceNotFound)
  async remove(
    @CurrentUser() principal: Principal,
    @Param('id', new IdPipe(AuthErrors.deviceNotFound)) id: string,
    @ClientIp() ip: string,
  ): Promise<void> {
    await this.devices.remove(principal, id, { ip });
  }
}
