import { coarseIp } from './coarse-ip';

describe('an address as people see it', () => {
  it.each([
    ['192.0.2.77', '192.0.x.x'],
    ['::ffff:192.0.2.77', '192.0.x.x'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:…'],
    ['2001:db8::1', '2001:db8:…'],
    ['::1', '::…'],
    ['::FFFF:0102:0304', '1.2.x.x'],
    ['192.0.2.77:5678', '192.0.x.x'],
    ['2001:0DB8:1::2', '2001:db8:…'],
    ['', 'unknown'],
    ['alice', 'unknown'],
    ['evil.example:443:1', 'unknown'],
  ])('is coarse: %s is %s', (ip, shown) => {
    expect(coarseIp(ip)).toBe(shown);
  });
});
