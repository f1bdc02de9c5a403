import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const RATE_WEIGHT = 'photovault:rate-weight';

/** Where the API document says what a request costs; nothing is said of those that cost 1. */
export const RATE_WEIGHT_EXTENSION = 'x-rate-weight';

/**
 * Says what one request to a route, or to any route of a controller, takes from its client's allowance; 1 unless it is said.
 * @param units 0 lets a route be asked without end: only for what a machine asks all the time, and costs nothing
 */
export function RateWeight(units: number): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(RATE_WEIGHT, units), ApiExtension(RATE_WEIGHT_EXTENSION, units));
}
