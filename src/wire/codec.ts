/**
 * A codec with all of the interface of io-ts's `Type`: it stands in `t.type` and in a `pipe`, and reporters read its errors. It is made
 * here because io-ts is one module that no bundler can shake: a sixth of what a browser would have to parse, for the little that is needed.
 */
import { isLeft, left } from 'fp-ts/Either';
import type * as t from 'io-ts';

/** A codec; see `t.Type`. */
export class Codec<A, O = A> implements t.Type<A, O, unknown> {
  declare readonly _A: A;
  declare readonly _O: O;
  declare readonly _I: unknown;
  readonly name: string;
  readonly is: t.Is<A>;
  readonly validate: t.Validate<unknown, A>;
  readonly encode: t.Encode<A, O>;
  readonly pipe: t.Type<A, O>['pipe'];

  constructor(name: string, is: t.Is<A>, validate: t.Validate<unknown, A>, encode: t.Encode<A, O>) {
    this.name = name;
    this.is = is;
    this.validate = validate;
    this.encode = encode;
    // It may be passed on by itself, as that of io-ts.
    this.decode = this.decode.bind(this);
    this.pipe = piped as t.Type<A, O>['pipe']; // the signature is the same; its `this` cannot be inferred
  }

  decode(value: unknown): t.Validation<A> {
    return this.validate(value, [{ key: '', type: this, actual: value }]);
  }

  asDecoder(): this {
    return this;
  }

  asEncoder(): this {
    return this;
  }
}

const piped = function <B, IB, A extends IB, O, OB extends A>(this: t.Type<A, O>, next: t.Type<B, OB, IB>, name = `pipe(${this.name}, ${next.name})`): t.Type<B, O> {
  return new Codec(
    name,
    next.is,
    (value, context) => {
      const own = this.validate(value, context);
      return isLeft(own) ? own : next.validate(own.right, context);
    },
    (value) => this.encode(next.encode(value)),
  );
};

/** What a codec says of a value that it cannot read. */
export const unreadable = (value: unknown, context: t.Context): t.Validation<never> => left<t.Errors>([{ value, context }]);
