// @ts-check
/**
 * The process in which pictures are decoded: whatever a broken or a hostile one does to a decoder, it does it here, without keys,
 * without settings and without a database. Plain JavaScript, so that the sources that jest runs and the built server start the same file.
 *
 * On stdin: the edge of the box to fit into (u16) and the length (u32) of a picture, both big-endian, and the picture; again and again.
 * On stdout: four zeros, once, when it has started; then for each picture the length (u32) of the WebP and the WebP; nothing but 0 for a picture that cannot be shown.
 */
const { writeFileSync } = require('node:fs');
const { setPriority } = require('node:os');
const sharp = require('sharp');

const HEADER_BYTES = 6;
/** Width times height of what is decoded at all: a few bytes can claim to be a picture of terabytes. */
const MAX_PIXELS = 100_000_000;
/** Resident memory at which a decoder has gone too far: the largest input, its pixels, and as much again to work with. */
const MAX_RSS_BYTES = 1024 * 1024 * 1024;
const WATCH_MS = 50;
/** Effort 2 of 6 takes half of the time of the usual 4 and makes files 4 % larger. */
const WEBP = { quality: 80, effort: 2 };

// The only decoders there are; each of the six types that the vault renders has one (libvips calls AVIF by the name of its container).
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif', 'Tiff'].map((format) => `VipsForeignLoad${format}Buffer`),
});
sharp.cache(false);
// One picture of one worker takes one core.
sharp.concurrency(1);

const parent = process.ppid;
// It ends when the server closes stdin: a signal to the whole process group must not take it from a request that is being answered.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
bestEffort(() => setPriority(10));
// Where memory runs out, this process is the one to go; and if it crashes, no picture is in what it leaves.
bestEffort(() => writeFileSync('/proc/self/oom_score_adj', '1000'));
bestEffort(() => writeFileSync('/proc/self/coredump_filter', '0'));

answer(Buffer.alloc(0));
void serve();

async function serve() {
  const header = Buffer.alloc(HEADER_BYTES);
  let target = header;
  let filled = 0;
  for await (const /** @type {Buffer} */ block of process.stdin) {
    for (let at = 0; at < block.length;) {
      const taken = block.copy(target, filled, at);
      at += taken;
      filled += taken;
      if (filled < target.length) continue;
      filled = 0;
      if (target === header) {
        target = Buffer.allocUnsafeSlow(header.readUInt32BE(2));
      } else {
        answer(await render(target, header.readUInt16BE(0)));
        target.fill(0);
        target = header;
      }
    }
  }
  process.exit();
}

/**
 * @param {Buffer} picture
 * @param {number} edge
 */
async function render(picture, edge) {
  const watch = setInterval(endIfAstray, WATCH_MS);
  try {
    // A photo whose end is missing is shown as far as it goes; what has no readable beginning fails all the same. The first page or
    // frame only. Without being told to keep them, sharp drops EXIF, XMP, IPTC and profiles, after having turned and converted.
    return await sharp(picture, { failOn: 'none', limitInputPixels: MAX_PIXELS, pages: 1 })
      .autoOrient()
      .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .webp(WEBP)
      .toBuffer();
  } catch {
    return Buffer.alloc(0);
  } finally {
    clearInterval(watch);
  }
}

/** Decoding happens on another thread, so that this one can watch it: for too much memory, and for a server that is gone. */
function endIfAstray() {
  const isTooLarge = process.memoryUsage.rss() > MAX_RSS_BYTES;
  if (isTooLarge) answer(Buffer.alloc(0));
  if (isTooLarge || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}

/** @param {Buffer} webp */
function answer(webp) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(webp.length);
  process.stdout.write(length);
  process.stdout.write(webp);
}

/** @param {() => void} work that not every system allows */
function bestEffort(work) {
  try {
    work();
  } catch {
    // As it was, then.
  }
}
