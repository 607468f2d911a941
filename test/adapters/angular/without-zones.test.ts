import './test-bed.js';
import { provideZonelessChangeDetection } from '@angular/core';
import { describeClient } from './client-suite.js';

describeClient(provideZonelessChangeDetection, false);
