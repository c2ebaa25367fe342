"""GitHub: its REST API, tokens for AWS, and what a workflow run reads and writes."""
