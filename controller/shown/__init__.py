"""What the core decided, as page, command and API show it: records for machines, words for people. Decides nothing."""
