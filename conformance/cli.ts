/**
 * The command line.  A verb's code is loaded when the verb is used, so that
 * help comes at once.
 *
 * Exit codes: 0 as expected, 1 not as expected, 2 usage, 3 endpoint
 * unreachable or harness error, 130 interrupted.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { readShard, type Shard } from './shard.ts'
import { explainError } from './verbs/errors.ts'

const collect = (word: string, words: readonly string[] = []): string[] => [...words, ...word.split(',')]
function shard(text: string): Shard {
  const found = readShard(text)
  if (found === undefined) throw new InvalidArgumentError('it is no share such as 2/5')
  return found
}
const append = (word: string, words: readonly string[] = []): string[] => [...words, word]

const integer = (least: number) => (text: string) => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value))
    throw new InvalidArgumentError(`it is no whole number from ${least} on`)
  return value
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1000)) throw new InvalidArgumentError('it is no number above 0, up to 1000')
  return value
}

const json = () => new Option('--json', 'print one JSON object; prose goes to standard error')
const only = (what: string) =>
  new Option('--only <ids>', `${what}: an id, the start of one, or a pattern with *; may be repeated`).argParser(
    collect,
  )
const skip = () => new Option('--skip <ids>', 'what to leave out, in the same words').argParser(collect)
const version = (what: string) => new Option('--version <release>', what)
const seed = () => new Option('--seed <n>', 'decides whatever is left to chance').argParser(integer(0)).default(1)

/** Builds the program; each action answers with the exit code through `done`. */
function build(done: (code: number) => void): Command {
  const program = new Command('lockstep')
    .description("A model-checked specification of QEMU's migration and COLO state machines, and its conformance suite")
    .version('0.1.0', '-V, --version', 'print the version of lockstep')
    .helpCommand('help [verb]', 'print what a verb does')
    .enablePositionalOptions()
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      '\nExit codes: 0 as expected, 1 not as expected, 2 usage, 3 endpoint unreachable or harness error, 130 interrupted.',
    )
  program
    .command('start')
    .description('the whole job: check the rules, then hold the reference and every QEMU of this machine against them')
    .addOption(json())
    .action(async flags => done(await (await import('./verbs/start.ts')).start(flags)))
  program
    .command('check')
    .description('explore every system under every version and judge every claim')
    .argument('[system...]', 'systems, by name; all when left out')
    .addOption(json())
    .addOption(version('a release; every one when left out'))
    .addOption(only('which claims to judge'))
    .option('--no-cache', 'explore all of it again, also what was explored before and has not changed since')
    .addOption(
      new Option('--engine <name>', 'who explores; by size when left out').choices(['auto', 'interpret', 'js', 'wasm']),
    )
    .addOption(new Option('--threads <n>', 'as many as there are processors when left out').argParser(integer(1)))
    .addOption(new Option('--max-states <n>', 'look for no more states of a system than this').argParser(integer(1)))
    .addOption(new Option('--max-memory <MB>', 'take no more memory for a system than this').argParser(integer(1)))
    .option('--reduce', 'judge never and sometimes by a reduced search as well, and compare')
    .option('--source <dir>', 'look up there what the rules cite, and do nothing else; its VERSION names the release')
    .action(async (names, flags) => done(await (await import('./verbs/check.ts')).check(names, flags)))
  program
    .command('conform')
    .description('run the cases; against the embedded reference when no endpoint is given')
    .addOption(new Option('--qemu <binary>', 'start this QEMU for both sides; may be repeated').argParser(append))
    .option('--src <address>', 'a source that runs already, as unix:PATH or tcp:HOST:PORT; each case ends with quit')
    .option('--dst <address>', 'its destination, started with -incoming defer')
    .option('--keep', 'do not end them with quit: go on with the same ones as long as they are fit')
    .option('--uri <uri>', 'where that destination can listen for the migration')
    .addOption(only('which cases to run'))
    .addOption(skip())
    .option('--quick', 'only the few cases that show the most: a minute and a half')
    .addOption(new Option('--shard <i/n>', 'the i-th of n shares of the cases').argParser(shard))
    .option('--list', 'list the cases that would be run, and run none')
    .addOption(new Option('--jobs <n>', 'run so many side by side; twice the processors').argParser(integer(1)))
    .addOption(seed())
    .addOption(
      new Option('--repeat <n>', 'run each case so often, with a seed of its own').argParser(integer(1)).default(1),
    )
    .addOption(
      new Option('--walk <n>', 'instead of cases, walk so often at random, and make the first failure short').argParser(
        integer(1),
      ),
    )
    .option('--at <path>', 'where a walk failed, as it was printed')
    .addOption(new Option('--timeout-scale <factor>', 'wait longer, on slow machines').argParser(positive).default(1))
    .addOption(version("the release whose rules judge; the endpoint's own when left out"))
    .addOption(json())
    .option('--trace', 'have QEMU write its trace log, and hold that to the rules too; goes with --qemu')
    .option('--coverage', 'say which rules were seen to be taken that no real QEMU was seen to take before')
    .option('--out <folder>', 'store transcripts and reports there')
    .addOption(new Option('--report <kinds>', 'write these to the folder: tap, junit, html, json').argParser(collect))
    .option('--baseline <file>', 'earlier results, as --json prints them: only what is worse fails')
    .option('--update-baseline', 'write these results to that file, and fail only where something could not be run')
    .action(async flags => done(await (await import('./verbs/conform.ts')).conformVerb(flags)))
  program
    .command('validate')
    .description('judge recorded logs')
    .argument('[log...]', 'logs of any form that --formats lists, packed with gzip or not; - is standard input')
    .addOption(version('the release whose rules judge; what the log names when left out'))
    .option('--format <name>', 'the form of the logs; recognised when left out')
    .option('--formats', 'list the forms of logs that are known')
    .addOption(
      new Option('--side <side>', 'whose log it is; found out when left out and the log does not say').choices([
        'src',
        'dst',
      ]),
    )
    .option('--src <log>', 'the log of a source, judged with --dst as one pair, whatever came first')
    .option('--dst <log>', 'the log of its destination')
    .option('--gaps', 'lines may be missing: where one does not follow, some are taken to be lost, and that is said')
    .option('--follow', 'go on as the log grows, until it leaves the rules; Ctrl-C ends it with the verdict so far')
    .addOption(json())
    .action(async (files, flags, command: Command) => {
      if (files.length === 0 && !flags.formats && flags.src === undefined && flags.dst === undefined)
        command.error("error: missing required argument 'log'")
      done(await (await import('./verbs/validate.ts')).validateVerb(files, flags))
    })
  program
    .command('serve')
    .description(
      'serve one QEMU by its rules, or a pair, until interrupted; afresh once one has ended and nobody is connected',
    )
    .addOption(
      new Option('--src <address>', 'where a source listens, as unix:PATH or tcp:HOST:PORT; may be repeated').argParser(
        append,
      ),
    )
    .addOption(new Option('--dst <address>', 'where a destination listens; may be repeated').argParser(append))
    .option('--incoming <uri>', 'where a destination alone waits for its migration; it is told when left out')
    .option('--name <name>', 'what query-name answers')
    .option('--anywhere', 'listen on addresses that other machines can reach')
    .option(
      '--script <text>',
      'what is to happen on cue: a file, or the text itself; --script help lists what there is',
    )
    .option('--bug <id>', 'a bug that QEMU had, by number or words; --bug list lists them')
    .option('--interactive', 'show the steps that may be taken, and take the one whose number is typed')
    .addOption(seed())
    .addOption(version('the release to be; the newest when left out'))
    .action(async flags => done(await (await import('./verbs/serve.ts')).serveVerb(flags)))
  program
    .command('list')
    .description('list what there is')
    .argument('<what>', 'rules, claims, cases, systems, deviations or versions')
    .addOption(json())
    .addOption(version('only what is in this release'))
    .option('--coverage', 'with rules: how many of them real QEMU was seen to take, and which not')
    .action(async (what, flags) => done(await (await import('./verbs/list.ts')).list(what, flags)))
  program
    .command('explain')
    .description('say all about a rule, a claim or a case: prose, source, and the shortest way there')
    .argument('<id>', 'as `lockstep list` prints them')
    .addOption(version('a release; the newest when left out'))
    .action(async (id, flags) => done(await (await import('./verbs/explain.ts')).explain(id, flags)))
  program
    .command('export')
    .description('print a system for another checker')
    .argument('<system>', 'as `lockstep list systems` prints it')
    .addOption(new Option('--to <form>', 'what is printed').choices(['promela', 'tla', 'xstate']).makeOptionMandatory())
    .addOption(version('a release; the newest when left out'))
    .action(async (system, flags) => done((await import('./verbs/export.ts')).exportVerb(system, flags)))
  program
    .command('mutants')
    .description(
      'measure what the suite notices: bugs of the past, mutants of rules, lies on the wire; and false alarms',
    )
    .option('--quick', 'a small sample, without the claims')
    .addOption(version('a release; every one when left out'))
    .addOption(new Option('--machine <names>', 'mutants of the rules of these machines only').argParser(append))
    .addOption(new Option('--only <parts>', 'history, rules, wire, honest; all when left out').argParser(collect))
    .addOption(new Option('--count <n>', 'so many mutants of rules of each release').argParser(integer(1)))
    .addOption(new Option('--shard <i/n>', 'the i-th of n parts of them, for several machines'))
    .addOption(new Option('--jobs <n>', 'so many of them at once').argParser(integer(1)))
    .addOption(new Option('--runs <n>', 'so many honest runs of each release; 1000').argParser(integer(1)))
    .addOption(new Option('--qemu <binary>', 'tell lies to who drives this QEMU, instead: --only wire'))
    .addOption(seed())
    .addOption(json())
    .option('--write', 'print the score, its picture and its page into docs/')
    .action(async flags => done(await (await import('./verbs/mutants.ts')).mutantsVerb(flags)))
  program
    .command('draw')
    .description('print every diagram, table and transcript into diagrams/')
    .option('--check', 'write nothing; fail when one is not what the rules say')
    .option('--svg', 'draw the pictures too, with Chromium')
    .option('--site <folder>', 'write there, instead, the page that shows all of it: one HTML file')
    .action(async flags => done(await (await import('./verbs/draw.ts')).draw(flags)))
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: text => process.stdout.write(text) })
  }
  return program
}

/** Runs a command line; answers the exit code.  Never throws. */
export async function main(words: readonly string[]): Promise<number> {
  let code = 0
  try {
    // Its command line is QEMU's own.
    if (words[0] === 'qemu') return await (await import('./verbs/qemu.ts')).qemuVerb(words.slice(1))
    await build(result => {
      code = result
    }).parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    // It has printed what was wrong itself; asking for help is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { message, exit } = explainError(error)
    process.stderr.write(`lockstep: ${message}\n`)
    return exit
  }
}

// Who reads no further wants no more: not an error, and not worth a word.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3))
}
process.exitCode = await main(process.argv.slice(2))
// The verb is done.  What a failure of ours left open must not keep the process: nothing hangs.
setTimeout(() => process.exit(), 2000).unref()
