/**
 * Reads the message of an error response in the shapes that APIs, gateways, frameworks and proxies share. The HTTP status and the dialect
 * decide what can be done about the error.
 */
import type { HttpResponse } from '../transport/transport.js';
import { PlainObject, textIn } from './codecs.js';

/**
 * The message of a JSON error body; null when it has none.
 *
 * Shapes: RFC 9457 (`{ title, detail }`), Spring (`{ error, message, path }`), JSend (`{ status, message }`), `{ message }`, `{ msg }`,
 * `{ error: "text" }`.
 * @example errorMessageIn({ status: 404, error: 'Not Found', message: 'no such page' }) // 'no such page'
 */
export const errorMessageIn = (body: unknown): string | null => {
  if (!PlainObject.is(body)) return null;
  const [title, detail] = [textIn(body['title']), textIn(body['detail'])];
  const problem = title !== null && detail !== null ? `${title}: ${detail}` : (detail ?? title);
  return textIn(body['message']) ?? textIn(body['msg']) ?? problem ?? textIn(body['error']);
};

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
