import './test-bed.js';
import { provideZonelessChangeDetection } from '@angular/core';
import { describeClient } from './client-suite.js';
import { describeRendering } from './rendering-suite.js';

describeClient(provideZonelessChangeDetection, false);
describeRendering(provideZonelessChangeDetection);
