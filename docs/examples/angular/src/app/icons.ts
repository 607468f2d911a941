/** The icons of the page, by name: `<mat-icon svgIcon="play" />`. */
import { type EnvironmentProviders, inject, provideEnvironmentInitializer } from '@angular/core';
import { MatIconRegistry } from '@angular/material/icon';
import { DomSanitizer } from '@angular/platform-browser';
import {
  mdiAlertCircleOutline, mdiCancel, mdiCheckCircle, mdiClockOutline, mdiClose, mdiCloudOffOutline, mdiContentCopy, mdiDeleteOutline, mdiDotsVertical, mdiDownload,
  mdiFilterOffOutline, mdiHelpCircleOutline, mdiInformationOutline, mdiLinkOff, mdiLinkVariant, mdiMagnify, mdiMovieOpenPlusOutline, mdiPlay, mdiPlus, mdiProgressClock,
  mdiRefresh, mdiTimerOffOutline, mdiViewGridOutline, mdiViewListOutline,
} from '@mdi/js';

const paths = {
  add: mdiPlus,
  alert: mdiAlertCircleOutline,
  cancel: mdiCancel,
  clock: mdiClockOutline,
  close: mdiClose,
  copy: mdiContentCopy,
  details: mdiInformationOutline,
  done: mdiCheckCircle,
  download: mdiDownload,
  expired: mdiTimerOffOutline,
  grid: mdiViewGridOutline,
  link: mdiLinkVariant,
  list: mdiViewListOutline,
  lost: mdiLinkOff,
  more: mdiDotsVertical,
  'no-match': mdiFilterOffOutline,
  offline: mdiCloudOffOutline,
  play: mdiPlay,
  remove: mdiDeleteOutline,
  restart: mdiRefresh,
  running: mdiProgressClock,
  search: mdiMagnify,
  unknown: mdiHelpCircleOutline,
  video: mdiMovieOpenPlusOutline,
} as const;

export type IconName = keyof typeof paths;

export const provideIcons = (): EnvironmentProviders =>
  provideEnvironmentInitializer(() => {
    const registry = inject(MatIconRegistry);
    const sanitizer = inject(DomSanitizer);
    for (const [name, path] of Object.entries(paths)) {
      registry.addSvgIconLiteral(name, sanitizer.bypassSecurityTrustHtml(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="${path}"/></svg>`));
    }
  });
