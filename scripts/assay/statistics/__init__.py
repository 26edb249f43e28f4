"""Statistics as pure functions: numbers in, numbers out; nothing here knows of training or files."""
