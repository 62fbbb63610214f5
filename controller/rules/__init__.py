"""From YAML text to a `RuleSet`, with every problem and its place. Reads no clock; `now` is always given."""
