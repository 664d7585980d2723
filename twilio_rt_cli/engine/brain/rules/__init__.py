"""A brain of rules: they decide what the agent says or which tools it calls. It is no language model.

    RuleBrain().decide(Prompt(…), today)      # Say("For which day?"), or CallTools((Call("check", '{"date":…}'),))

`decision` decides; `tool_choice` picks a tool, `arguments` fills it from what was heard (`moments`, `numbers`,
`schema`), `keys` reads what was pressed, `output_sentences` puts tool outputs into words, `knowledge` reads answers
from the prompt, `small_talk` is courtesy.
"""

from twilio_rt_cli.engine.brain.rules.decision import RuleBrain

__all__ = ["RuleBrain"]
