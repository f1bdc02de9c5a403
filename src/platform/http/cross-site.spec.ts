import type { Request } from 'express';
import { mayBeCrossSite } from './cross-site';

const SIGNS = { origin: 'https://photos.example.com', 'x-pv-request': '1', 'sec-fetch-site': 'same-origin' };

function request(method: string, headers: Record<string, string>, localPort = 3000): Request {
  return { method, headers, socket: { localPort } } as unknown as Request;
}

describe('a request that may come from another site', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])('is a %s without the signs of our own page', (method) => {
    expect(mayBeCrossSite(request(method, {}), 'https://photos.example.com')).toBe(true);
    expect(mayBeCrossSite(request(method, SIGNS), 'https://photos.example.com')).toBe(false);
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('is never a %s, which changes nothing', (method) => {
    expect(mayBeCrossSite(request(method, { 'sec-fetch-site': 'cross-site' }), undefined)).toBe(false);
  });

  it.each([
    ['https://Photos.Example.com', 'https://photos.example.com'],
    ['https://photos.example.com:443/vault/', 'https://photos.example.com'],
    ['http://photos.lan:8080', 'http://photos.lan:8080'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('is told by the origin of PUBLIC_URL, as browsers write it: %s is %s', (publicUrl, origin) => {
    expect(mayBeCrossSite(request('POST', { ...SIGNS, origin }), publicUrl)).toBe(false);
  });

  it('is told by the port that the request came to, when there is no PUBLIC_URL', () => {
    const from = (origin: string, port: number) =>
      mayBeCrossSite(request('POST', { ...SIGNS, origin }, port), undefined);
    expect(from('http://localhost:4711', 4711)).toBe(false);
    expect(from('http://localhost:4711', 4712)).toBe(true);
    expect(from('http://127.0.0.1', 80)).toBe(false);
  });
});
