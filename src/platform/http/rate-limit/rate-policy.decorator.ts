import { SetMetadata } from '@nestjs/common';

export const RATE_POLICY = 'photovault:rate-policy';

/** Whose allowance requests of strangers take from: that of all public routes, or that of the shares and whatever belongs to them. */
export type NetworkPolicy = 'public' | 'share';

/** Says which allowance a route, or any route of a controller, takes from, where its label does not say it already. */
export function RatePolicy(policy: NetworkPolicy): MethodDecorator & ClassDecorator {
  return SetMetadata(RATE_POLICY, policy);
}
