// What a link opens, in a browser: takes the secret out of the address bar, opens the share with it, and lists the files. Downloads are
// plain links; the cookie that goes with them is seen by no script, and by nothing of the vault but this share.
'use strict';

const byId = (id) => document.getElementById(id);
const [message, lock, password, content, files, more] = ['message', 'lock', 'password', 'content', 'files', 'more'].map(
  byId,
);

const shareId = location.pathname.split('/').pop().toLowerCase();
const api = new URL(`../api/v1/shares/${encodeURIComponent(shareId)}`, location.href);
const secret = location.hash.slice(1);
// Nobody who looks at the screen, and no history, needs to have it.
history.replaceState(null, '', location.pathname);

const GONE = 'This link opens nothing. The share may have ended, or a part of the link is missing.';

/** Shows what there is to say, and nothing else but `shown`. */
function say(text, shown = null) {
  message.textContent = text;
  message.hidden = text === '';
  for (const part of [lock, content]) part.hidden = part !== shown;
}

/** What a refusal means to a person. */
function describe({ status, headers }) {
  if (status === 404) return GONE;
  if (status !== 429 && status !== 503) return 'Something went wrong. Try again later.';
  const seconds = Number(headers.get('Retry-After')) || 60;
  const [number, unit] = seconds < 90 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return `Too many tries. Wait ${number} ${unit}${number === 1 ? '' : 's'}, and try again.`;
}

async function openShare(given) {
  const response = await fetch(`${api}/open`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ secret, transport: 'cookie', ...(given && { password: given }) }),
  });
  if (response.ok) {
    const { label } = await response.json();
    if (label) {
      byId('label').textContent = label;
      document.title = `${label} · Photovault`;
    }
    await showFiles(null);
  } else if (response.status === 403) {
    say(given ? 'This is not the password.' : 'This share has a password.', lock);
    password.select();
  } else {
    say(describe(response), given && response.status !== 404 ? lock : null);
  }
}

async function showFiles(cursor) {
  const query = new URLSearchParams({ limit: '200', ...(cursor && { cursor }) });
  const response = await fetch(`${api}/files?${query}`);
  if (!response.ok) {
    say(describe(response), response.status === 404 ? null : content);
    return;
  }
  const { items, nextCursor } = await response.json();
  files.append(...items.map(toRow));
  more.hidden = nextCursor === null;
  more.onclick = () => attempt(() => showFiles(nextCursor));
  const isEmpty = files.children.length === 0;
  say(isEmpty ? 'There are no files in this share.' : '', isEmpty ? null : content);
}

function toRow({ id, name, size }) {
  const [row, link, bytes] = ['li', 'a', 'span'].map((tag) => document.createElement(tag));
  link.href = `${api}/files/${encodeURIComponent(id)}/content?disposition=attachment`;
  link.textContent = name;
  link.dir = 'auto';
  bytes.textContent = toSize(size);
  row.append(link, bytes);
  return row;
}

function toSize(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** One thing at a time, and never a silent failure. */
async function attempt(work) {
  const buttons = document.querySelectorAll('button');
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch {
    say('The vault cannot be reached. Try again later.', files.children.length > 0 ? content : null);
  }
  for (const button of buttons) button.disabled = false;
  if (!lock.hidden) password.focus();
}

lock.addEventListener('submit', (event) => {
  event.preventDefault();
  void attempt(() => openShare(password.value));
});
// Another secret for the page that is open: a link that was completed in the address bar.
window.addEventListener('hashchange', () => location.reload());
byId('archive').href = `${api}/archive`;
// A page that is loaded again has no secret any more, but its cookie is good for a while.
void attempt(() => (secret === '' ? showFiles(null) : openShare(null)));
