/**
 * Subscribes with fewer objects than RxJS makes for an observer.
 */
import { type Observable, type Observer, Subscriber, type Subscription } from 'rxjs';

/**
 * As `source.subscribe(observer)`, with one object in place of three, and with fewer calls for each value. There is one for each request and
 * for each watched task.
 *
 * @param observer throws nothing: RxJS would report what it throws later, this passes it to the source
 */
export const subscribeTo = <T>(source: Observable<T>, observer: Observer<T>): Subscription =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- RxJS 7 is a peer dependency; this is the only place that needs another way in RxJS 8
  source.subscribe(new Subscriber<T>(observer));
