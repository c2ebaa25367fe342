"""Everything that touches the world: files, Git, AWS, the terminal."""
