/** An error to one clear message and an exit code; no stack trace reaches a user who did not ask for one. */

/** Mistakes in the command line or in what it names, by the names of their classes: these load nothing. */
const usage = new Set([
  'UsageError',
  'VersionError',
  'AddressError',
  'TranscriptError',
  'BaselineError',
  'ScriptError',
  'BugError',
])

/** Errors that speak for themselves. */
const known = new Set([
  'UnreadableError',
  'StoreError',
  ...['QmpError', 'ConnectError', 'GreetingError', 'ProtocolError', 'TimeoutError', 'ClosedError', 'LaunchError'],
  ...['SpecError', 'LimitError', 'NoChromiumError'],
])

/** What to print and how to exit. */
export function explainError(error: unknown): { readonly message: string; readonly exit: number } {
  if (!(error instanceof Error)) return { message: String(error), exit: 3 }
  const debug = process.env.LOCKSTEP_DEBUG === '1' ? `\n${error.stack}` : ''
  if (usage.has(error.name)) return { message: error.message + debug, exit: 2 }
  const { code, syscall } = error as NodeJS.ErrnoException
  if (known.has(error.name) || (code !== undefined && syscall !== undefined)) {
    return { message: error.message + debug, exit: 3 }
  }
  const hint = debug === '' ? '; LOCKSTEP_DEBUG=1 says where' : debug
  return { message: `a mistake of ours: ${error.message}${hint}`, exit: 3 }
}
