/**
 * Describes an HTTP error whose body has no message: by its status, the page's title, the body's text, or the target of a redirect.
 */
import type { HttpResponse } from '../transport/transport.js';

/**
 * A message for an HTTP error whose body has none: the status with the page's title or the body's text; for a redirect the host of its
 * `Location`, without user info and query.
 *
 * @example httpErrorText({ status: 502, headers: {}, body: '<title>502 Bad Gateway</title>' }) // 'HTTP 502 Bad Gateway'
 */
export const httpErrorText = (response: HttpResponse): string => {
  const { status, body } = response;
  const name = `HTTP ${String(status)}`;
  const target = redirectTargetOf(response);
  if (target !== null) return `${name} to ${target}`;
  const text = isPage.test(body) ? pageText(body.slice(0, longestPage)) : body.trim();
  return `${name} ${text.startsWith(String(status)) ? text.slice(3).replace(/^[\s:|.–-]+/, '') : text}`;
};

/** The host of a redirect's target; null for other responses, and for a `Location` without a host. */
export const redirectTargetOf = ({ status, headers }: HttpResponse): string | null => {
  const location = headers['location']?.trim() ?? '';
  if (status < 300 || status > 399 || location === '') return null;
  const authority = /^(?:[a-z][a-z\d+.-]*:)?\/\/(?:[^/?#@]*@)?([^/?#[\]]+|\[[\da-f:.]+\](?::\d+)?)/i.exec(location)?.[1];
  if (authority !== undefined) return authority.toLowerCase();
  return /^[a-z][a-z\d+.-]*:/i.test(location) ? null : 'a path on the same host';
};

const isPage = /^\s*(?:<!doctype\b|<html\b|<head\b|<body\b|<\?xml\b|<title\b|<h1\b|<center\b)/i;

/** How many characters of a page are searched. */
const longestPage = 4_096;

/** A page's title, else its first heading, else all its text. */
const pageText = (page: string): string => {
  const heading = [/<title[^>]*>([^<]+)/i, /<h1[^>]*>([^<]+)/i].map((tag) => tag.exec(page)?.[1]?.trim() ?? '').find((text) => text !== '');
  return heading ?? page.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>?/g, ' ').trim();
};
