import { ConfigError } from '../config/config-error';
import { smtpOptions } from './smtp-options';

describe('the way to a mail server', () => {
  it.each([
    'smtp://mail.example.com',
    'smtp://user:secret@mail.example.com:587',
    'smtp://10.0.0.5:25',
    'smtp://localhost.example.com',
    'smtp://127.0.0.1.example.com',
    'smtp://[2001:db8::1]:25',
    'smtp://mail.example.com?ignoreTLS=false',
    'smtp://mail.example.com?ignoreTLS=true&requireTLS=true',
    'smtp://mail.example.com?opportunisticTLS=true',
    'smtp://mail.example.com?secure=true',
  ])('has to become TLS: %s', (url) => {
    expect(smtpOptions(url)).toMatchObject({ secure: false, requireTLS: true });
  });

  it.each([
    'smtp://mail.example.com?ignoreTLS=true',
    'smtp://mail.example.com?requireTLS=false',
    'smtp://localhost:1025',
    'smtp://LOCALHOST',
    'smtp://127.0.0.1',
    'smtp://127.8.9.10:25',
    'smtp://[::1]:25',
  ])('may stay plain: %s', (url) => {
    expect(smtpOptions(url)).toMatchObject({ secure: false, requireTLS: false });
  });

  it('is TLS from the first byte for smtps', () => {
    expect(smtpOptions('smtps://mail.example.com')).toMatchObject({ secure: true, requireTLS: false });
  });

  it('checks certificates unless the URL says otherwise', () => {
    expect(smtpOptions('smtps://mail.example.com').tls).toBeUndefined();
    expect(smtpOptions('smtps://mail.example.com?tls.rejectUnauthorized=false').tls).toEqual({
      rejectUnauthorized: false,
    });
  });

  it('holds a few connections, and never logs what passes', () => {
    const noisy = 'smtp://localhost?logger=true&debug=true&transactionLog=true&pool=false&maxConnections=2';
    expect(smtpOptions(noisy)).toMatchObject({
      logger: false,
      debug: false,
      transactionLog: false,
      pool: true,
      maxConnections: 2,
    });
    expect(smtpOptions('smtp://localhost').maxConnections).toBe(4);
  });

  it('is refused in a sentence that does not repeat it when it is no URL', () => {
    const refused = (): unknown => smtpOptions('smtp://user:secret@mail example.com:99999');
    expect(refused).toThrow(ConfigError);
    expect(refused).not.toThrow(/secret/);
  });
});
