import { deflateRawSync, gzipSync } from 'node:zlib';
import { form } from '../support/form';
import { jpeg, png } from '../support/photos';
import { expectProblem } from '../support/problem';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import type { FileBody } from '../support/vault-client';

/** Row "polyglot, MIME spoof": magic bytes decide; neither the name nor a Content-Type is believed. */
let vault: TestApp;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const HTML = '<!DOCTYPE html><script>alert(document.cookie)</script>';
const ZIP = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'), deflateRawSync(Buffer.alloc(500))]);

describe('row: polyglot, MIME spoof: 415, nothing stored', () => {
  const rows: [what: string, bytes: Buffer | string][] = [
    ['HTML', HTML],
    ['HTML behind a byte order mark', `\ufeff${HTML}`],
    ['HTML behind 100 KB of spaces', ' '.repeat(100_000) + HTML],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'],
    ['PDF', '%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj'],
    ['ZIP', ZIP],
    ['a Windows program', Buffer.from('MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff', 'latin1')],
    ['a Linux program', Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1')],
    ['a shell script', '#!/bin/sh\nrm -rf /\n'],
    ['JavaScript', 'alert(1)//'],
    ['PHP', '<?php system($_GET[0]); ?>'],
    ['gzip of a photo', gzipSync(jpeg(1000))],
    ['JSON', '{}'],
    ['one byte', '\xff'],
    ['two bytes of a JPEG', Buffer.from('ffd8', 'hex')],
    ['a JPEG behind one byte', Buffer.concat([Buffer.from(' '), jpeg(1000)])],
    ['the name of a JPEG in text', 'JFIF image/jpeg'],
    ['a PNG without its line ends', Buffer.from('89504e470a1a0a', 'hex')],
    ['RIFF that is no picture', Buffer.from('RIFF\0\0\0\0WAVEfmt ', 'latin1')],
    ['Matroska', Buffer.from('1a45dfa3a3428288' + Buffer.from('matroska').toString('hex'), 'hex')],
    ['zeroes', Buffer.alloc(70_000)],
    ['BMP', Buffer.from('BM\x46\0\0\0\0\0\0\0', 'latin1')],
    ['an icon', Buffer.from('00000100010010100000', 'hex')],
    ['PostScript', '%!PS-Adobe-3.0\n(/etc/passwd) run'],
    ['MP3', Buffer.from('ID3\x03\0\0\0\0', 'latin1')],
  ];
  it.each(rows)('%s as photo.jpg, image/jpeg', async (_, content) => {
    const owner = await vault.signUp();
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    const refused = { status: 415, code: 'UPLOAD.TYPE_REFUSED' };
    expectProblem(await owner.put('photo.jpg', bytes, { headers: { 'content-type': 'image/jpeg' } }), refused);
    const head = ['Content-Disposition: form-data; name="file"; filename="photo.jpg"', 'Content-Type: image/jpeg'];
    expectProblem(await owner.request('POST', '/files', form({ head, body: bytes })), refused);
    await expectStored(vault, owner.userId, 0);
  });
});

describe('a polyglot is what its first bytes are, and is never more than that', () => {
  it.each([
    ['a JPEG that is HTML as well', 'x.html', Buffer.concat([jpeg(100), Buffer.from(HTML)]), 'image/jpeg'],
    ['a GIF that is JavaScript as well', 'x.js', Buffer.from('GIF89a=1;alert(1)//'), 'image/gif'],
    ['a PNG with a ZIP behind it', 'x.zip', Buffer.concat([png(100), ZIP]), 'image/png'],
  ])('%s', async (_, name, bytes, type) => {
    const owner = await vault.signUp();
    const { body } = await owner.put(name, bytes, { headers: { 'content-type': 'text/html' } });
    expect(body).toMatchObject({ status: 'created', contentType: type });
    const { headers } = await owner.content(body.id);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain('sandbox');
  });

  it('what a browser does not decode as a picture leaves as an attachment of no type', async () => {
    const owner = await vault.signUp();
    const tiff = Buffer.concat([Buffer.from('49492a0008000000', 'hex'), Buffer.from(HTML)]);
    const { body } = await owner.request<FileBody>(
      'POST',
      '/files',
      form({ name: 'file', filename: 'x.html', body: tiff }),
    );
    expect(body.contentType).toBe('image/tiff');
    const { headers } = await owner.request('GET', `/files/${body.id}/content?disposition=inline`);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="?x\.html"?$/);
  });

  it('UPLOAD_TYPES narrows what is taken', async () => {
    const narrow = await startTestApp({ UPLOAD_TYPES: 'image/png' });
    const owner = await narrow.signUp();
    expectProblem(await owner.put('a.png', jpeg(1000)), { status: 415, code: 'UPLOAD.TYPE_REFUSED' });
    expect((await owner.put('a.jpg', png(1000))).status).toBe(201);
    await narrow.close();
  });
});
