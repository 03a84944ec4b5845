/** Everything printed as rST builds without a warning, with a lexer and a directive that know as little as QEMU's do. */
import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder as printed } from './draw.ts'

const has = spawnSync('sphinx-build', ['--version']).status === 0
if (!has && process.env.LOCKSTEP_REQUIRE_QEMU === '1')
  throw new Error('there is no sphinx-build: scripts/setup.sh installs python3-sphinx')
const reason = has ? '' : ' (skipped: there is no sphinx-build; scripts/setup.sh installs python3-sphinx)'

const conf = `
from docutils import nodes
from docutils.parsers.rst import directives
from pygments import token
from pygments.lexer import DelegatingLexer, RegexLexer
from pygments.lexers.data import JsonLexer
from sphinx import addnodes
from sphinx.directives.code import CodeBlock

project = 'printed'
default_role = 'any'
highlight_language = 'none'
exclude_patterns = ['_build']

class Markers(RegexLexer):
    tokens = {'root': [(r'-> ', token.Generic.Prompt), (r'<- ', token.Generic.Prompt),
                       (r'\\.{3}', token.Comment.Multiline)]}

class Qmp(DelegatingLexer):
    def __init__(self, **options):
        super().__init__(JsonLexer, Markers, token.Error, **options)

class Example(CodeBlock):
    required_arguments = 0
    optional_arguments = 0
    option_spec = {'annotated': directives.flag, 'title': directives.unchanged}
    def run(self):
        title = nodes.title('', 'Example: ' + self.options.get('title', ''))
        if 'annotated' not in self.options:
            self.arguments = ['QMP']
            return [nodes.admonition('', title, *super().run())]
        inner = nodes.container()
        inner += addnodes.highlightlang(lang='QMP', force=False, linenothreshold=10**9)
        self.state.nested_parse(self.content, self.content_offset, inner)
        inner += addnodes.highlightlang(lang='none', force=False, linenothreshold=10**9)
        return [nodes.admonition('', title, inner)]

def setup(app):
    app.add_lexer('QMP', Qmp)
    app.add_directive('qmp-example', Example)
`

const run = promisify(execFile)

describe.skipIf(!has)(`Sphinx${reason}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-sphinx-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Builds a document of these files; answers what Sphinx said, and whether it took it. */
  async function build(
    name: string,
    texts: ReadonlyMap<string, string | undefined>,
    // Only what writes something asks the lexer.
    builder: 'dummy' | 'html' = 'html',
  ): Promise<{ ok: boolean; said: string }> {
    const from = join(folder, name)
    mkdirSync(from)
    writeFileSync(join(from, 'conf.py'), conf)
    const names = [...texts.keys()].map(file => file.replace(/\.rst$/, ''))
    const tree = names.map(file => `   ${file}`).join('\n')
    writeFileSync(join(from, 'index.rst'), `All\n===\n\n.. toctree::\n\n${tree}\n`)
    for (const [file, text] of texts) {
      if (text === undefined) copyFileSync(join(printed, file), join(from, file))
      else writeFileSync(join(from, file), text)
    }
    try {
      const { stdout, stderr } = await run('sphinx-build', [
        '-W',
        '--keep-going',
        '-q',
        '-b',
        builder,
        from,
        join(folder, `${name}-out`),
      ])
      return { ok: true, said: stdout + stderr }
    } catch (error) {
      return { ok: false, said: String((error as { stderr?: string }).stderr) }
    }
  }

  const files = readdirSync(printed).filter(file => file.endsWith('.rst'))

  test('takes every page without a warning', async () => {
    expect(files.length).toBeGreaterThan(20)
    expect(await build('all', new Map(files.map(file => [file, undefined])), 'dummy')).toEqual({
      ok: true,
      said: '',
    })
  }, 280_000)

  test('takes every example that is QMP', async () => {
    const own = files.filter(file => readFileSync(join(printed, file), 'utf8').includes('.. qmp-example::'))
    expect(own).toContain('cases-colo.rst')
    expect(own).toContain('cases-precopy.rst')
    expect(await build('examples', new Map(own.map(file => [file, undefined])))).toEqual({ ok: true, said: '' })
  }, 120_000)

  test.each([
    ['a single back-tick', 'A\n=\n\nLook at `this`.\n', "'any' reference target not found"],
    ['a block that is no QMP', 'A\n=\n\n.. qmp-example::\n\n   -> { "execute": quit }\n', 'lex'],
    ['a table with a cell too few', 'A\n=\n\n.. list-table::\n\n   * - a\n     - b\n   * - c\n', 'list-table'],
  ])('would notice %s', async (name, text, words) => {
    const { ok, said } = await build(name.replaceAll(' ', '-'), new Map([['one.rst', text]]))
    expect(ok).toBe(false)
    expect(said).toContain(words)
  })
})
