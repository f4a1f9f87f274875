"""What pages show, made from the engine's answers: tiles, charts, lists, files."""
