/**
 * Angular's TestBed on Node, without a browser: it uses the document of the server platform. A test file with zones imports `zone.js` before
 * this.
 */
import '@angular/compiler';
import { HttpClient, provideHttpClient, withFetch } from '@angular/common/http';
import { type EnvironmentProviders, type Provider, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule } from '@angular/platform-browser/testing';
import { INITIAL_CONFIG, platformServer } from '@angular/platform-server';

export const page = '<html><head></head><body><app-root></app-root></body></html>';

TestBed.initTestEnvironment(BrowserTestingModule, platformServer([{ provide: INITIAL_CONFIG, useValue: { document: page } }]));

/** How an app detects changes: with zones or without. */
export type Detection = () => EnvironmentProviders;

/** A new app. Destroys the previous one. */
export const configure = (...providers: readonly (Provider | EnvironmentProviders)[]): typeof TestBed => {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [...providers] });
  return TestBed;
};

/** An `HttpClient` over the platform's `fetch`. */
export const httpClient = (...features: Parameters<typeof provideHttpClient>): HttpClient =>
  configure(provideZonelessChangeDetection(), provideHttpClient(withFetch(), ...features)).inject(HttpClient);
