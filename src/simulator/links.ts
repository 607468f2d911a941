/**
 * Signs and checks links.
 * Two forms, as the providers send them: that of the TOS object store (`X-Tos-Date` and `X-Tos-Expires`, HMAC-SHA256), and that
 * of the video CDN in front of enhanced files (`auth_key`, which starts with the expiry time).
 */
import { createHash, createHmac } from 'node:crypto';

export type LinkForm = 'tos' | 'auth-key';

/** Signs links, and checks links that it signed. */
export interface Links {
  /** @returns path and query. The link counts whole seconds: `signedAtMs` is rounded down. */
  readonly sign: (form: LinkForm, path: string, signedAtMs: number, lifeMs: number) => string;
  /** Checks a path with its query. A link that differs in any character is `forged`. */
  readonly check: (pathAndQuery: string, nowMs: number) => 'good' | 'expired' | 'forged';
}

/** `20250702T033502Z` */
const stamp = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');

const stampMs = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/** Links signed with a secret. Links with another secret are `forged`. */
export const createLinks = (secret: string): Links => {
  const tosLink = (path: string, date: string, expires: string): string => {
    const signature = createHmac('sha256', secret).update([path, date, expires].join('\n')).digest('hex');
    const query = [
      'X-Tos-Algorithm=TOS4-HMAC-SHA256',
      `X-Tos-Credential=SIMULATOR%2F${date.slice(0, 8)}%2Fcn-beijing%2Ftos%2Frequest`,
      `X-Tos-Date=${date}`,
      `X-Tos-Expires=${expires}`,
      `X-Tos-Signature=${signature}`,
      'X-Tos-SignedHeaders=host',
    ];
    return `${path}?${query.join('&')}`;
  };
  const authKeyLink = (path: string, endsAt: string): string => {
    const signature = createHash('md5').update([path, endsAt, secret].join('-')).digest('hex');
    return `${path}?preview=1&auth_key=${endsAt}-0-0-${signature}`;
  };

  return {
    sign: (form, path, signedAtMs, lifeMs) =>
      form === 'tos'
        ? tosLink(path, stamp(signedAtMs), String(lifeMs / 1000))
        : authKeyLink(path, String(Math.floor(signedAtMs / 1000) + lifeMs / 1000)),
    check: (pathAndQuery, nowMs) => {
      const [path = '', text = ''] = pathAndQuery.split('?', 2);
      const query = new URLSearchParams(text);
      const authKey = query.get('auth_key');
      const date = query.get('X-Tos-Date') ?? '';
      const expires = query.get('X-Tos-Expires') ?? '';
      const endsAt = authKey?.split('-', 1)[0] ?? '';
      const expected = authKey === null ? tosLink(path, date, expires) : authKeyLink(path, endsAt);
      if (pathAndQuery !== expected) return 'forged';
      const endsAtMs = authKey === null ? stampMs(date) + Number(expires) * 1000 : Number(endsAt) * 1000;
      return nowMs < endsAtMs ? 'good' : 'expired';
    },
  };
};
