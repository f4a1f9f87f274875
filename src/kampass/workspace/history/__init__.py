"""The two clocks in use: what was published when and under which rules, what restated it, and what a changed definition does to it."""
