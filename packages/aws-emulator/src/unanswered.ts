/** A call that gets no answer. Its connection is cut when `over` resolves. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly over: Promise<void>;

  constructor(over: Promise<void>) {
    super('the call gets no answer');
    this.over = over;
  }
}
