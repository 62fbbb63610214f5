"""What runs: the pass over one workspace, the timers that wake it, the reload of rules, the control socket."""
