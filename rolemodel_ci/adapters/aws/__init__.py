"""AWS through botocore: credentials, sessions, IAM groups, stacks, the parameter with the applied state."""
