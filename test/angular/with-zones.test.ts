import 'zone.js';
import { configure } from './test-bed.js';
import { NgZone, provideZoneChangeDetection } from '@angular/core';
import { expect, it } from 'vitest';
import { provideSeedance, SEEDANCE_CLIENT } from '../../src/angular/index.js';
import { ark } from '../../src/providers/ark.js';
import { scriptedTransport } from '../../src/testing/index.js';
import { account } from '../../src/client/account.js';
import { arkTask, running } from '../support/client.js';
import { describeClient } from './client-suite.js';
import { describeRendering } from './rendering-suite.js';

describeClient(provideZoneChangeDetection, true);
describeRendering(provideZoneChangeDetection);

it('the client behind the token keeps the zone of its subscription busy', () => {
  const transport = () => scriptedTransport([running]);
  const app = configure(provideZoneChangeDetection(), provideSeedance({ accounts: [account(ark, { apiKey: null })], transport }));
  const zone = app.inject(NgZone);
  const subscription = zone.run(() => app.inject(SEEDANCE_CLIENT).watch(arkTask).subscribe());
  expect(zone.hasPendingMacrotasks).toBe(true);
  subscription.unsubscribe();
});
