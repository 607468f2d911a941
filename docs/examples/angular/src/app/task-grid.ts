/** All tasks that match, as a grid or a list. Only those on the screen are rendered. */
import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollableWindow, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import { ChangeDetectionStrategy, Component, computed, DestroyRef, ElementRef, inject, input, signal } from '@angular/core';
import type { TaskRow } from 'rx-seedance';
import { nameOf } from './server';
import { TaskCard } from './task-card';
import { TaskMenu } from './task-menu';

export type Layout = 'grid' | 'list';

/** Sizes in rem, as in the styles. */
const sizes = { gap: 1, minCard: 13.5, text: 6.1, row: 5, rowGap: .5 } as const;

@Component({
  selector: 'app-task-grid',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollableWindow, CdkVirtualScrollViewport, TaskCard, TaskMenu],
  host: { '[class]': 'layout()' },
  template: `
    <app-task-menu #menu />
    <cdk-virtual-scroll-viewport scrollWindow role="list" aria-label="Videos" [itemSize]="lineHeight()" [minBufferPx]="bufferPx" [maxBufferPx]="bufferPx + lineHeight()">
      <div *cdkVirtualFor="let line of lines(); let index = index; trackBy: byIndex" class="line" role="presentation" [style.height.px]="lineHeight()" [style.--columns]="columns()">
        @for (row of line; track nameOf(row.task); let place = $index) {
          <app-task-card role="listitem" [attr.aria-posinset]="index * columns() + place + 1" [attr.aria-setsize]="rows().length" [row]="row" [menu]="menu.panel()" />
        }
      </div>
    </cdk-virtual-scroll-viewport>
  `,
  styles: `
    :host { display: block; }
    .line { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 1rem; padding-bottom: 1rem; box-sizing: border-box; }
    :host(.list) .line { padding-bottom: .5rem; }
  `,
})
export class TaskGrid {
  readonly rows = input.required<readonly TaskRow[]>();
  readonly layout = input.required<Layout>();
  readonly #width = signal(0);
  readonly #rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  protected readonly nameOf = nameOf;
  /** What is rendered above and below the screen. It grows by one line at a time, so that no frame takes long. */
  protected readonly bufferPx = 800;
  protected readonly byIndex = (index: number): number => index;

  protected readonly columns = computed(() => {
    const width = this.#width() / this.#rem;
    return this.layout() === 'list' ? 1 : Math.max(1, Math.floor((width + sizes.gap) / (sizes.minCard + sizes.gap)));
  });
  /** In pixels, with the gap below. */
  protected readonly lineHeight = computed(() => {
    if (this.layout() === 'list') return (sizes.row + sizes.rowGap) * this.#rem;
    const gaps = sizes.gap * this.#rem * (this.columns() - 1);
    const picture = (((this.#width() - gaps) / this.columns()) * 9) / 16;
    return Math.round(picture + (sizes.text + sizes.gap) * this.#rem);
  });
  protected readonly lines = computed(() => {
    const [rows, columns] = [this.rows(), this.columns()];
    return Array.from({ length: Math.ceil(rows.length / columns) }, (_, index) => rows.slice(index * columns, (index + 1) * columns));
  });

  constructor() {
    const { nativeElement } = inject<ElementRef<HTMLElement>>(ElementRef);
    const observer = new ResizeObserver(([entry]) => { this.#width.set(entry?.contentRect.width ?? 0); });
    observer.observe(nativeElement);
    inject(DestroyRef).onDestroy(() => { observer.disconnect(); });
  }
}
