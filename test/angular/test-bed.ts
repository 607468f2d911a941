/**
 * Angular's TestBed on Node, without a browser: its document is that of the server's platform. A test file that wants zones imports
 * `zone.js` before this.
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

/** A fresh app. Whatever was made in the last one is destroyed. */
export const configure = (...providers: readonly (Provider | EnvironmentProviders)[]): typeof TestBed => {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [...providers] });
  return TestBed;
};

/** An `HttpClient` over the platform's `fetch`. */
export const httpClient = (...features: Parameters<typeof provideHttpClient>): HttpClient =>
  configure(provideZonelessChangeDetection(), provideHttpClient(withFetch(), ...features)).inject(HttpClient);
