/** The handler in the frameworks of the recipes, over HTTP. */
import 'reflect-metadata';
import { Controller, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import { Hono } from 'hono';
import { expect, it, onTestFinished } from 'vitest';
import { callbackHandler } from '../../src/callbacks/callback-handler.js';
import { account } from '../../src/client/account.js';
import { ark } from '../../src/providers/ark.js';
import { type NodeRequest, type NodeResponse, toNodeListener } from '../../src/proxy/node-listener.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { key, serve } from '../adapters/loopback.js';

const secret = 'a-secret-of-many-letters';
const path = `/callbacks/ark/${secret}`;
const body = '{"id":"cgt-1","status":"succeeded"}';
const tooLarge = JSON.stringify({ id: 'cgt-1', status: 'succeeded', prompt: 'x'.repeat(70_000) });

const receiver = () => {
  const callbacks = callbackHandler(account(ark, { apiKey: key }), { secret });
  const tasks: TaskRef[] = [];
  callbacks.tasks.subscribe((task) => tasks.push(task));
  return { handle: callbacks.handle, listener: toNodeListener(callbacks.handle), tasks };
};

/** The statuses of a callback, of one without an id, one with a wrong secret, and one that is too large. */
const statusesOf = async (send: (path: string, init: RequestInit) => Response | Promise<Response>): Promise<readonly number[]> => {
  const statuses = [];
  for (const [to, sent] of [[path, body], [path, '{}'], [`${path}x`, body], [path, tooLarge]] as const) {
    statuses.push((await send(to, { method: 'POST', body: sent, headers: { 'content-type': 'application/json' } })).status);
  }
  return statuses;
};

it.each([['before', []], ['after', [express.json()]]])('Express serves it %s its body parser', async (_, parsers) => {
  const { listener, tasks } = receiver();
  const app = express();
  for (const parser of parsers) app.use(parser);
  app.post('/callbacks/ark/:secret', listener);
  const { url } = await serve(app);
  expect(await statusesOf((to, init) => fetch(url + to, init))).toEqual([204, 400, 404, 413]);
  expect(tasks).toEqual([{ provider: 'ark', id: 'cgt-1' }]);
});

it.each(['before the body parser', 'in a controller'])('NestJS serves it %s', async (place) => {
  const { listener, tasks } = receiver();

  @Controller('callbacks')
  class Callbacks {
    @Post('ark/:secret')
    receive(@Req() request: NodeRequest, @Res() response: NodeResponse): void {
      listener(request, response);
    }
  }

  @Module({ controllers: place === 'in a controller' ? [Callbacks] : [] })
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a module of Nest is a class
  class App {}

  const app = await NestFactory.create(App, { logger: false, forceCloseConnections: true });
  onTestFinished(() => app.close());
  if (place !== 'in a controller') app.use('/callbacks/ark', listener);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  expect(await statusesOf((to, init) => fetch(url + to, init))).toEqual([204, 400, 404, 413]);
  expect(tasks).toEqual([{ provider: 'ark', id: 'cgt-1' }]);
});

it('Hono serves it', async () => {
  const { handle, tasks } = receiver();
  const app = new Hono();
  app.post('/callbacks/ark/:secret', (context) => handle(context.req.raw));
  expect(await statusesOf((to, init) => app.request(to, init))).toEqual([204, 400, 404, 413]);
  expect(tasks).toEqual([{ provider: 'ark', id: 'cgt-1' }]);
});
