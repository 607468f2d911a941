/**
 * A codec with the whole interface of io-ts's `Type`: it works in `t.type`, in `pipe` and with reporters. It replaces io-ts at run time,
 * because bundlers cannot tree-shake io-ts: it would be a sixth of the code that a browser has to parse.
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
    // Bound, as in io-ts, so that it can be passed as a function.
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

/** The result of a codec for a value that it cannot read. */
export const unreadable = (value: unknown, context: t.Context): t.Validation<never> => left<t.Errors>([{ value, context }]);
