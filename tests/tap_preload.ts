/**
 * Preload of every test process: lets tap read Deno's call stacks. Tap accepts a call site only when
 * its constructor is named `CallSite`, as V8 has it in Node; Deno's call sites inherit the name
 * `Object`. Without this, the first `t.test()` of a file ends with an error.
 */

type StackHook = (error: Error, callSites: object[]) => unknown;

function nameCallSites(): void {
  const errorClass = Error as unknown as { prepareStackTrace?: StackHook | undefined };
  const before = errorClass.prepareStackTrace;
  try {
    errorClass.prepareStackTrace = (_error, callSites) => callSites;
    const callSites = new Error("probe").stack as unknown as object[];
    const first = callSites[0];
    if (first === undefined) throw new Error("Cannot read a call site: the stack is empty");
    Object.defineProperty(Object.getPrototypeOf(first), "constructor", {
      value: class CallSite {},
      configurable: true,
    });
  } finally {
    errorClass.prepareStackTrace = before;
  }
}

nameCallSites();
