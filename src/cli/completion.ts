import { Argument, Command } from 'commander'
import { exitCodes } from '../core/errors.ts'
import { bashScript } from './completion/bash.ts'
import { fishScript } from './completion/fish.ts'
import { type Grammar, grammarOf } from './completion/grammar.ts'
import { zshScript } from './completion/zsh.ts'
import type { Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'
import { verbs } from './verbs.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

export const completion: Verb = {
  define(command, terminal, finish) {
    command.addArgument(new Argument('<shell>', 'the shell that is to know it').choices(Object.keys(scripts)))
    command.addHelpText(
      'after',
      examples({
        'source <(mcp-collector completion bash)': 'in ~/.bashrc',
        'source <(mcp-collector completion zsh)': 'in ~/.zshrc, behind compinit',
        'mcp-collector completion fish > ~/.config/fish/completions/mcp-collector.fish': 'once'
      })
    )
    command.action(async (shell: keyof typeof scripts) => {
      terminal.out.line(scripts[shell](await grammar(terminal)))
      finish(exitCodes.ok)
    })
  }
}

/** Of all verbs, as their help has it. */
export async function grammar(terminal: Terminal): Promise<Grammar> {
  const program = new Command('mcp-collector')
  program.option('-V, --version', 'print the version')
  for (const [name, { summary, load }] of Object.entries(verbs)) {
    const verb = await load()
    verb.define(program.command(name).description(summary), terminal, () => {})
  }
  return grammarOf(program)
}
