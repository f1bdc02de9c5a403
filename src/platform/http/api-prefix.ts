/** Before every path of the API; only health checks and documents stand outside. */
export const API_PREFIX = '/api/v1';
